using OrleansMatrix.Grains.RateLimiting;

namespace OrleansMatrix.Grains.Tests;

public sealed class TurnsTests
{
    [Fact]
    public async Task What_one_owner_waits_for_does_not_stand_before_what_others_want()
    {
        var stop = TestContext.Current.CancellationToken;
        using var turns = new Turns(total: 3, share: 2);
        await turns.EnterAsync("a", stop);
        await turns.EnterAsync("a", stop);
        var third = turns.EnterAsync("a", stop).AsTask();
        await turns.EnterAsync("b", stop);
        Assert.False(third.IsCompleted);

        // All places are taken: the next free one is for who waits for it, not for the owner who has his share.
        var second = turns.EnterAsync("b", stop).AsTask();
        Assert.False(second.IsCompleted);
        turns.Leave("a");
        await second;
        turns.Leave("b");
        await third;
    }

    [Fact]
    public async Task Who_gives_up_waiting_leaves_nothing_behind()
    {
        using var turns = new Turns(total: 1, share: 1);
        await turns.EnterAsync("a", TestContext.Current.CancellationToken);
        using var given = new CancellationTokenSource();
        var ofTheOwner = turns.EnterAsync("a", given.Token).AsTask();
        var ofAll = turns.EnterAsync("b", given.Token).AsTask();
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ofTheOwner);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ofAll);
        turns.Leave("a");
        await turns.EnterAsync("b", TestContext.Current.CancellationToken);
        turns.Leave("b");
        await turns.EnterAsync("a", TestContext.Current.CancellationToken);
    }
}
