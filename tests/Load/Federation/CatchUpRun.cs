using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Load.Federation;

/// <summary>What came of it.</summary>
/// <param name="SecondsToFirst">From the start of the server that was away until it has the first event that it missed.</param>
/// <param name="Seconds">From then until it has the last one.</param>
internal sealed record CatchUpReport(int Events, double SecondsToFirst, double Seconds, double EventsPerSecond);

/// <summary>How fast a server that was away gets what happened meanwhile.</summary>
internal static class CatchUpRun
{
    private const int Writers = 16;

    public static async Task<CatchUpReport> RunAsync(int events, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        using var data = new TemporaryFolder();
        using var otherData = new TemporaryFolder();
        var authority = new TestAuthority(folder.Path);
        await using var silo = await SiloProcess.StartFederatingAsync(data.Path, authority);
        await using var other = await SiloProcess.StartFederatingAsync(otherData.Path, authority);
        using var anna = new MatrixClient(silo.Url);
        using var bert = new MatrixClient(other.Url);
        await anna.RegisterAsync("anna", null, cancellationToken);
        await bert.RegisterAsync("bert", null, cancellationToken);
        var roomId = await anna.CreateRoomAsync(cancellationToken);
        await bert.JoinAsync(roomId, cancellationToken, silo.ServerName);
        await other.KillAsync();
        bert.Dispose();

        var room = Uri.EscapeDataString(roomId);
        var first = await SendAsync(anna, room, 0, cancellationToken);
        var writers = Enumerable.Range(0, Writers).Select(_ => new MatrixClient(silo.Url) { Token = anna.Token }).ToList();
        var next = 0;
        await Task.WhenAll(writers.Select(async writer =>
        {
            while (Interlocked.Increment(ref next) is var number && number < events - 1)
                await SendAsync(writer, room, number, cancellationToken);
        }));
        var last = await SendAsync(anna, room, events - 1, cancellationToken);
        writers.ForEach(w => w.Dispose());

        await other.StartAsync();
        var started = Stopwatch.GetTimestamp();
        // What is heard of a server lets the other one try at once.
        await SendAsync(bert, room, 0, cancellationToken);
        await HasAsync(bert, room, first, cancellationToken);
        var begun = Stopwatch.GetTimestamp();
        await HasAsync(bert, room, last, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return new CatchUpReport(events, Math.Round(Stopwatch.GetElapsedTime(started, begun).TotalSeconds, 2), Math.Round(seconds, 2), Math.Round(events / seconds));
    }

    private static async Task<string> SendAsync(MatrixClient client, string room, int number, CancellationToken cancellationToken)
    {
        var (status, answer) = await client.SendMessageAsync(
            room, "n" + number.ToString(CultureInfo.InvariantCulture), System.Text.Encoding.UTF8.GetBytes($$"""{"body":"message {{number}}","msgtype":"m.text"}"""), cancellationToken);
        return status == 200 ? JsonNode.Parse(answer.Span)!["event_id"]!.GetValue<string>() : throw new InvalidOperationException($"send: {status}");
    }

    private static async Task HasAsync(MatrixClient client, string room, string eventId, CancellationToken cancellationToken)
    {
        while (!await client.HasEventAsync(room, eventId, cancellationToken))
            await Task.Delay(5, cancellationToken);
    }
}
