using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>
/// Another server, which has a key and users in a room, lies in each place of each request that it may send: in path, query, body, and in an event which it
/// signs again. It is answered by a Matrix error or well, nobody else notices, and nothing is a fault here.
/// </summary>
public sealed class HostileRequestsTests(FederatingServer server, ITestOutputHelper output) : IClassFixture<FederatingServer>
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly string[] s_apis = ["/_matrix/federation/", "/_matrix/key/", "/_matrix/policy/"];

    public static TheoryData<string> Operations => [.. SentOperation.All.Select(o => $"{o.Method} {o.Route}")];

    [Fact]
    public void Every_endpoint_for_servers_is_in_the_table() => Assert.Equal(
        server.Services.GetRequiredService<RouteTable>().Endpoints.Where(e => s_apis.Any(api => e.Path.StartsWith(api, StringComparison.Ordinal)))
            .Select(e => $"{e.Method} {e.Path}").Order(StringComparer.Ordinal),
        Operations.Select(o => o.Data).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_lie_harms_nobody(string name)
    {
        var operation = SentOperation.All.Single(o => $"{o.Method} {o.Route}" == name);
        Assert.True(RoomVersion.TryGet("10", out var version));
        await using var scene = await HostileScene.StartAsync(server);
        await scene.ShareAsync();
        var state = await scene.SharedStateAsync();
        var honest = await operation.Make(scene);
        var answered = await scene.SendAsync(operation.Method, honest.Target(operation.Route), honest.Honest);
        Assert.True(answered.Status == operation.Status, $"{answered.Status} {answered.Text} to the honest request");
        var statuses = new SortedDictionary<int, int>();
        for (var i = 0; i < honest.Count; i++)
        {
            var (target, body) = (await operation.Make(scene)).Tell(operation.Route, i, scene, version);
            var answer = await scene.SendAsync(operation.Method, target, body).WaitAsync(s_patience, TestContext.Current.CancellationToken);
            Assert.True(answer.Status < 500 || answer.Status is 502 or 504, $"{answer.Status} {answer.Text} to {target} {body}\n{server.Faults}");

            // A path that is none has no answer of this API.
            Assert.True(answer.Status < 400 || (answer.Text.Length == 0 ? answer.Status == 400 : answer.ErrCode is not null), $"{answer.Status} {answer.Text}");
            statuses[answer.Status] = statuses.GetValueOrDefault(answer.Status) + 1;
        }

        Assert.Equal(state, await scene.SharedStateAsync());
        await scene.CheckOthersAsync();
        output.WriteLine($"{honest.Count} lies: {string.Join(", ", statuses.Select(s => $"{s.Value} times {s.Key}"))}");
    }
}
