using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Tests.Reading;

public sealed class LargeAnswersTests : IDisposable
{
    private const long MiB = 1024 * 1024;

    // One place for all.
    private readonly LargeAnswers _answers =
        new(new MatrixSettings { ServerName = ServerName.Parse("x"), DataDirectory = "", MemoryLimitBytes = MatrixSettings.LeastMemoryLimit });

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _answers.Dispose();

    [Fact]
    public async Task Small_answers_do_not_wait_for_large_ones()
    {
        using var large = _answers.Open("@a:x");
        Assert.True(await large.TryGrowAsync(MiB, Stop));
        using var small = _answers.Open("@a:x");
        Assert.True(await small.TryGrowAsync(1000, Stop));
        await small.EnterForEventsAsync(50, Stop);
        await small.EnterForBytesAsync(1000, Stop);
    }

    [Theory]
    [InlineData("@a:x")]
    [InlineData("@b:x")]
    public async Task A_large_answer_waits_until_another_is_made(string userId)
    {
        var first = _answers.Open("@a:x");
        await first.EnterForEventsAsync(51, Stop);
        using var second = _answers.Open(userId);
        var waiting = second.TryGrowAsync(MiB, Stop).AsTask();
        Assert.False(waiting.IsCompleted);
        first.Dispose();
        Assert.True(await waiting);
    }

    [Fact]
    public async Task A_user_who_asks_often_is_served_in_turn_with_the_others()
    {
        var first = _answers.Open("@a:x");
        await first.EnterAsync(Stop);
        List<string> order = [];
        var others = Enumerable.Range(0, 3).Select(i => MakeAsync("@a:x", order)).ToList();
        others.Add(MakeAsync("@b:x", order));
        first.Dispose();
        await Task.WhenAll(others);
        Assert.InRange(order.IndexOf("@b:x"), 0, 1);
    }

    [Fact]
    public async Task Who_gives_up_waiting_keeps_nobody_from_it()
    {
        var first = _answers.Open("@a:x");
        await first.EnterAsync(Stop);
        using var gone = new CancellationTokenSource();
        using var ofSame = _answers.Open("@a:x");
        using var ofOther = _answers.Open("@b:x");
        var (waiting, also) = (ofSame.EnterAsync(gone.Token).AsTask(), ofOther.EnterAsync(gone.Token).AsTask());
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => also);
        first.Leave();
        await ofSame.EnterAsync(Stop);
        ofSame.Leave();
        await ofOther.EnterAsync(Stop);
    }

    [Fact]
    public async Task A_user_has_a_quarter_of_the_memory_and_always_one_answer()
    {
        using var first = _answers.Open("@a:x");
        Assert.True(await first.TryGrowAsync(100 * MiB, Stop));
        first.Leave();
        using var second = _answers.Open("@a:x");
        Assert.False(await second.TryGrowAsync(1, Stop));
        first.Dispose();
        Assert.True(await second.TryGrowAsync(1, Stop));
    }

    [Fact]
    public async Task A_timeline_of_large_events_is_limited_and_paging_back_goes_on_from_it()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, "@a:x");
        for (var i = 0; i < 25; i++)
            await room.SendAsync("@a:x", new string('x', 60_000));
        await room.SendAsync("@a:x", "last");
        var joined = (await server.SyncAsync("@a:x", filter: """{"room":{"timeline":{"limit":100}}}""")).Joined(room.Id);
        var bodies = joined.Events("timeline").Bodies().ToList();
        Assert.Equal("last", bodies[^1]);
        Assert.InRange(bodies.Count, 10, 18);
        Assert.True(joined!.Value.At("timeline", "limited")!.Value.GetBoolean());
        Assert.NotNull(joined.Value.At("timeline", "prev_batch")?.GetString());
    }

    private async Task MakeAsync(string userId, List<string> order)
    {
        using var answer = _answers.Open(userId);
        await answer.EnterAsync(Stop);
        lock (order)
            order.Add(userId);
    }
}
