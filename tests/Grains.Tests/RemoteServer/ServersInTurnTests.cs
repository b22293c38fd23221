using System.Collections.Concurrent;
using OrleansMatrix.Grains.RemoteServer;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.RemoteServer;

public sealed class ServersInTurnTests
{
    private static readonly TimeSpan s_moment = TimeSpan.FromSeconds(30);
    private readonly TestClock _clock = new();
    private readonly ConcurrentQueue<(string Server, TaskCompletionSource<int> Answer)> _asked = new();
    private readonly ConcurrentQueue<string> _ended = new();

    [Fact]
    public async Task The_next_server_is_asked_when_one_has_answered()
    {
        var read = ReadAsync(wanted: 2, "a", "b", "c");
        await AskedAsync("a");
        Answer("a", 0);
        await AskedAsync("a", "b");
        Answer("b", 2);
        Assert.Equal([("a", 0), ("b", 2)], await read);
        await AskedAsync("a", "b");
        Assert.Empty(_ended);
    }

    [Fact]
    public async Task A_slow_one_is_overtaken_and_told_that_its_answer_is_not_wanted()
    {
        var read = ReadAsync(wanted: 2, "slow", "b", "c");
        _clock.Advance(s_moment);
        await AskedAsync("slow", "b");

        // No more than two at once, however long they take.
        _clock.Advance(s_moment);
        _clock.Advance(s_moment);
        await AskedAsync("slow", "b");
        Answer("b", 0);
        await AskedAsync("slow", "b", "c");
        Answer("c", 2);
        Assert.Equal([("b", 0), ("c", 2)], await read);
        Assert.Equal(["slow"], _ended);
    }

    private void Answer(string server, int answer) => _asked.Single(a => a.Server == server).Answer.SetResult(answer);

    private async Task AskedAsync(params string[] servers)
    {
        while (_asked.Count < servers.Length)
            await Task.Delay(1, TestContext.Current.CancellationToken);
        Assert.Equal(servers, _asked.Select(a => a.Server));
    }

    private async Task<List<(string, int)>> ReadAsync(int wanted, params string[] servers)
    {
        var found = new List<(string, int)>();
        await foreach (var answer in new ServersInTurn<int>(Ask, atOnce: 2, s_moment, _clock).AskAsync(servers))
        {
            found.Add(answer);
            if (answer.Answer == wanted)
                break;
        }

        return found;
    }

    private Task<int> Ask(string server, CancellationToken ended)
    {
        var answer = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        ended.Register(() =>
        {
            if (!answer.Task.IsCompleted)
                _ended.Enqueue(server);
        });
        _asked.Enqueue((server, answer));
        return answer.Task;
    }
}
