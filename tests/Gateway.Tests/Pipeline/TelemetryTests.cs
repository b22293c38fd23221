using System.Collections.Concurrent;
using System.Diagnostics;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

/// <summary>What the server tells of itself (silo/Telemetry.cs).</summary>
public class TelemetryTests
{
    [Fact]
    public async Task Prometheus_reads_what_the_server_did_by_routes_and_not_by_names()
    {
        await using var server = await TestServer.StartAsync("Telemetry:Metrics=true");
        var room = await SendAsync(server);
        var metrics = await server.GetAsync("/metrics");
        Assert.Equal(200, metrics.Status);
        var text = System.Text.Encoding.UTF8.GetString(metrics.Body);
        Assert.Contains("http_route=\"/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}\"", text, StringComparison.Ordinal);
        Assert.Contains("matrix_room_events_sent", text, StringComparison.Ordinal);
        Assert.Contains("matrix_storage_commit_duration", text, StringComparison.Ordinal);
        Assert.Contains("matrix_storage_feed_lag", text, StringComparison.Ordinal);
        Assert.Contains("orleans_", text, StringComparison.Ordinal);
        Assert.DoesNotContain(room, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_are_for_this_machine_and_for_networks_that_are_named()
    {
        await using var server = await TestServer.StartAsync("Telemetry:Metrics=true", "Telemetry:MetricsAllow:0=192.0.2.0/24");
        Assert.Equal(404, await StatusAsync("203.0.113.5"));
        Assert.Equal(200, await StatusAsync("192.0.2.7"));
        await using var silent = await TestServer.StartAsync();
        Assert.Equal(404, (await silent.GetAsync("/metrics")).Status);

        async Task<int> StatusAsync(string forwardedFor)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
            request.Headers.Add("X-Forwarded-For", forwardedFor);
            using var response = await server.Http.SendAsync(request);
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public async Task One_trace_goes_from_the_request_through_the_grains_to_the_database()
    {
        // Orleans takes grains whose namespace begins as its own does for its own.
        var spans = new ConcurrentBag<(ActivityTraceId Trace, string Source)>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => spans.Add((activity.TraceId, activity.Source.Name)),
        };
        ActivitySource.AddActivityListener(listener);
        await using (var server = await TestServer.StartAsync("Telemetry:OtlpEndpoint=http://127.0.0.1:9"))
            await SendAsync(server);
        Assert.Contains(spans.GroupBy(span => span.Trace), trace =>
            new[] { "Microsoft.AspNetCore", "Microsoft.Orleans.Runtime", "OrleansMatrix.Storage" }.All(trace.Select(span => span.Source).Contains));
    }

    private static async Task<string> SendAsync(TestServer server)
    {
        var alice = await server.RegisterAsync("alice");
        var room = (await server.PostAsync("/_matrix/client/v3/createRoom", "{}", alice.Token)).Text("room_id");
        Assert.Equal(200, (await server.PutAsync(
            $"/_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/send/m.room.message/1", """{"msgtype":"m.text","body":"hi"}""", alice.Token)).Status);
        return room;
    }
}
