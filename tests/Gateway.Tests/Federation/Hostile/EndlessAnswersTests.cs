using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>
/// Another server's answer has no end: one long string, a list of things that are nothing, or a file. It is read as far as the limit of the operation, and
/// nobody else notices; no more than they do of one that breaks off.
/// </summary>
public sealed class EndlessAnswersTests(FederatingServer server, ITestOutputHelper output) : IClassFixture<FederatingServer>
{
    // What is beyond a limit is seen when it is read.
    private const int BufferMiB = 1;
    private const long BytesPerMiB = 1024 * 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, Answer> s_kinds = new(StringComparer.Ordinal)
    {
        ["string"] = new(200, "{\"a\":\"") { Endless = "z" },
        ["list"] = new(200, "{\"state\":[],\"pdus\":[{}") { Endless = ",{}" },
        ["broken"] = new(200, "{\"a\":") { BreaksOff = true },
        ["file"] = new(200, "--b\r\n\r\n{}\r\n--b\r\n\r\n") { Endless = "z", ContentType = "multipart/mixed; boundary=b" },
    };

    public static TheoryData<string> Routes => [.. AskedOperation.All.Select(o => o.Route)];

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task An_answer_without_end_is_cut_off(string route)
    {
        var operation = AskedOperation.All.Single(o => o.Route == route);
        foreach (var (kind, answer) in s_kinds.Where(k => k.Value.IsJson != route.Contains("/media/", StringComparison.Ordinal)))
        {
            await using var scene = await HostileScene.StartAsync(server);
            scene.Peer.Unknown = operation.Unknown;
            scene.Peer.Lie = _ => answer;
            scene.Peer.Operation = operation.InPath;
            var asking = operation.Ask(scene).WaitAsync(s_patience, TestContext.Current.CancellationToken);
            if (kind == "file")
            {
                // By then the client has a part of it.
                await Assert.ThrowsAsync<HttpRequestException>(() => asking);
            }
            else
            {
                var got = await asking;
                Assert.True(got.Status < 500 || got.Status is 502 or 504, $"{kind}: {got.Status} {got.Text}");
            }

            Assert.True(scene.Peer.Times > 0, "the server did not ask");
            await scene.CheckOthersAsync();
            var read = server.LargestReadOf(scene.Peer.Peer.Name);
            output.WriteLine($"{kind}: {read / BytesPerMiB} MiB");
            Assert.InRange(read, 1, (operation.MostMiB + BufferMiB) * BytesPerMiB);
        }
    }
}
