using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>
/// Another server never answers. Meanwhile everybody else gets along as ever, and who made this server ask is told within a time.
/// </summary>
public sealed class SlowAnswersTests(SlowAnswersTests.ClockedServer clocked, ITestOutputHelper output) : IClassFixture<SlowAnswersTests.ClockedServer>
{
    // The longest that anybody waits: for the answer to a join, which may be large.
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(62);
    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(2);

    public static TheoryData<string> Routes => [.. AskedOperation.All.Select(o => o.Route)];

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task An_answer_that_does_not_come_is_given_up(string route)
    {
        var operation = AskedOperation.All.Single(o => o.Route == route);
        await using var scene = await HostileScene.StartAsync(clocked.Server);
        scene.Peer.Unknown = operation.Unknown;
        using var gate = new ManualResetEventSlim();
        scene.Peer.Hold = gate;
        scene.Peer.Operation = operation.InPath;
        try
        {
            var asking = operation.Ask(scene);
            while (scene.Peer.Times == 0 && !asking.IsCompleted)
                await Task.Delay(1, TestContext.Current.CancellationToken);
            Assert.True(scene.Peer.Times > 0, "the server did not ask");
            await scene.CheckOthersAsync();
            var waited = TimeSpan.Zero;
            for (; !asking.IsCompleted && waited < s_longest; waited += s_step)
            {
                clocked.Server.Clock!.Advance(s_step);
                await Task.WhenAny(asking, Task.Delay(30, TestContext.Current.CancellationToken));
            }

            Assert.True(asking.IsCompleted, $"no answer within {s_longest}");
            var answer = await asking;
            Assert.True(answer.Status < 500 || answer.Status is 502 or 504, $"{answer.Status} {answer.Text}");
            output.WriteLine($"{answer.Status} after {waited.TotalSeconds} s");
        }
        finally
        {
            gate.Set();
        }
    }

    /// <summary>A server whose clock stands still.</summary>
    public sealed class ClockedServer : IAsyncLifetime
    {
        public FederatingServer Server { get; } = new() { Clock = new TestClock(TimeProvider.System.GetUtcNow()) };

        public ValueTask InitializeAsync() => Server.InitializeAsync();

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
