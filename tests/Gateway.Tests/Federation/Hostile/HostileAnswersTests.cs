using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.RemoteServer;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>
/// Another server lies in each place of each answer that this server asks for. Who made it ask is told so within a time, nobody else notices, and nothing is a
/// fault here.
/// </summary>
public sealed class HostileAnswersTests(FederatingServer server, ITestOutputHelper output) : IClassFixture<FederatingServer>
{
    // The most that a request of this server to another takes, and some.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private static readonly string[] s_apis = ["/_matrix/federation/", "/_matrix/key/", "/_matrix/policy/"];

    public static TheoryData<string> Routes => [.. AskedOperation.All.Select(o => o.Route)];

    [Fact]
    public void Every_operation_of_the_federation_api_is_in_the_table()
    {
        var known = Routes.Select(r => r.Data).Concat(AskedOperation.Keys).Concat(AskedOperation.NeverAsked).ToHashSet(StringComparer.Ordinal);
        var own = server.Services.GetRequiredService<RouteTable>().Endpoints.Select(e => e.Path)
            .Where(p => s_apis.Any(api => p.StartsWith(api, StringComparison.Ordinal))).ToHashSet(StringComparer.Ordinal);
        Assert.True(own.Count > 35);
        Assert.Equal(own.Order(StringComparer.Ordinal), known.Order(StringComparer.Ordinal));
    }

    /// <summary>What the code that asks others has for paths, each text in it being a beginning of one.</summary>
    [Theory]
    [InlineData(typeof(RemoteApi))]
    [InlineData(typeof(FederationClient))]
    public void Whatever_path_is_asked_for_is_in_the_table(Type oneOfAssembly)
    {
        using var file = File.OpenRead(oneOfAssembly.Assembly.Location);
        using var assembly = new PEReader(file);
        var metadata = assembly.GetMetadataReader();
        var asked = Routes.Select(r => r.Data).Concat(AskedOperation.Keys).Append("/_matrix/federation/v1/version").ToList();
        for (var handle = default(UserStringHandle); !(handle = metadata.GetNextHandle(handle)).IsNil;)
        {
            var text = metadata.GetUserString(handle);
            if (s_apis.Any(api => text.StartsWith(api, StringComparison.Ordinal)))
                Assert.True(asked.Any(a => a.StartsWith(text.Split('?')[0], StringComparison.Ordinal)), $"{text} has no lies");
        }
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_lie_harms_nobody(string route)
    {
        var operation = AskedOperation.All.Single(o => o.Route == route);
        await using var scene = await HostileScene.StartAsync(server);
        scene.Peer.Unknown = operation.Unknown;
        var (lies, told) = (1, 0);
        var statuses = new SortedDictionary<int, int>();
        for (var i = 0; i < lies; i++)
        {
            var last = "";
            scene.Peer.Lie = honest =>
            {
                lies = Math.Max(lies, HostileAnswers.CountOf(honest));
                var lie = HostileAnswers.Tell(honest, i);
                last = lie.Text;
                return lie;
            };
            scene.Peer.Operation = operation.InPath;
            var before = scene.Peer.Times;
            var answer = await operation.Ask(scene).WaitAsync(s_patience, TestContext.Current.CancellationToken);
            scene.Peer.Operation = "";
            Assert.True(scene.Peer.Times > before, $"lie {i}: the server did not ask");
            Assert.True(answer.Status < 500 || answer.Status is 502 or 504, $"{answer.Status} {answer.Text} after {last}");
            Assert.True(answer.Status < 400 || answer.ErrCode is not null, answer.Text);
            statuses[answer.Status] = statuses.GetValueOrDefault(answer.Status) + 1;
            told++;
        }

        await scene.CheckOthersAsync();
        output.WriteLine($"{told} lies: {string.Join(", ", statuses.Select(s => $"{s.Value} times {s.Key}"))}");
    }
}
