using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RemoteServer;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Room;

/// <summary>Events of one transaction are judged on top of events that are not durable yet (ADR 0006, ADR 0036).</summary>
public sealed class PipelinedCommitTests : IDisposable
{
    private const int Count = 50;
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private InterceptedStorage _storage = null!;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_built_on_a_commit_that_fails_is_judged_again_and_stored_once()
    {
        await using var silo = await StartAsync();
        var room = await silo.CreateAsync();
        var chain = await ChainAsync(silo, room);

        // The first commit goes to storage when the second is there, with something in it that storage refuses.
        var (commits, failures) = (0, 0);
        Task<JudgedPdu[]>? pushing = null;
        var second = new TaskCompletionSource();
        Task<CommitResult>? before = null;
        _storage.OnCommit = (unit, commit) => commits++ switch
        {
            0 => before = SpoilAsync(unit, commit),
            1 => FollowAsync(before!, unit, commit),
            _ => commit(unit),
        };
        pushing = PushAsync(silo, room, chain);
        var verdicts = await pushing;

        Assert.Equal(2, failures);
        Assert.All(verdicts, v => Assert.Equal(PduVerdict.Accepted, v.Verdict));
        Assert.Equal(chain.Select(p => p.EventId), (await silo.HistoryAsync(room)).TakeLast(Count).Select(e => e.EventId));
        Assert.Equal([chain[^1].EventId], (await silo.Storage.Rooms.GetAsync(room))!.Extremities);

        async Task<CommitResult> SpoilAsync(WriteUnit unit, Func<WriteUnit, Task<CommitResult>> commit)
        {
            await second.Task;
            var used = new WriteUnit();
            silo.Storage.Events.AddTransaction(used, Alice, "D", "s", "t", "$e", 1);
            await commit(used);
            silo.Storage.Events.AddTransaction(unit, Alice, "D", "s", "t", "$e", 1);
            throw Failed(await Assert.ThrowsAsync<ConflictException>(() => commit(unit)));
        }

        async Task<CommitResult> FollowAsync(Task first, WriteUnit unit, Func<WriteUnit, Task<CommitResult>> commit)
        {
            second.SetResult();
            await Assert.ThrowsAsync<ConflictException>(() => first);
            Assert.Null(await silo.Storage.Events.GetAsync(chain[0].EventId));
            throw Failed(await Assert.ThrowsAsync<StaleFenceException>(() => commit(unit)));
        }

        Exception Failed(Exception fault)
        {
            Assert.NotEqual(true, pushing?.IsCompleted);
            failures++;
            return fault;
        }
    }

    [Fact]
    public async Task A_kill_between_two_commits_loses_nothing_that_was_answered_and_the_repeated_transaction_adds_the_rest_once()
    {
        await using var killed = await StartAsync();
        var room = await killed.CreateAsync();
        var chain = await ChainAsync(killed, room);
        var (commits, isCut) = (0, new TaskCompletionSource());
        Task<CommitResult>? first = null;
        _storage.OnCommit = (unit, commit) => commits++ == 0 ? first = commit(unit) : CutAsync();
        var pushing = PushAsync(killed, room, chain);
        await isCut.Task;
        await first!;
        Assert.False(pushing.IsCompleted);

        await using var next = await RoomHarness.StartAsync(_folder, _clock);
        var verdicts = await PushAsync(next, room, chain);
        Assert.Equal(PduVerdict.Duplicate, verdicts[0].Verdict);
        Assert.Equal(PduVerdict.Accepted, verdicts[^1].Verdict);
        Assert.False(pushing.IsCompleted);
        Assert.Equal(chain.Select(p => p.EventId), (await next.HistoryAsync(room)).TakeLast(Count).Select(e => e.EventId));

        Task<CommitResult> CutAsync()
        {
            isCut.TrySetResult();
            return new TaskCompletionSource<CommitResult>().Task;
        }
    }

    [Fact]
    public async Task Nothing_is_answered_before_all_of_it_is_durable()
    {
        await using var silo = await StartAsync();
        var room = await silo.CreateAsync();
        var chain = await ChainAsync(silo, room);
        var (commits, last, release) = (0, new TaskCompletionSource(), new TaskCompletionSource());
        _storage.OnCommit = async (unit, commit) =>
        {
            if (commits++ == 0)
                return await commit(unit);
            last.TrySetResult();
            await release.Task;
            return await commit(unit);
        };
        var pushing = PushAsync(silo, room, chain);
        // Sent by a user meanwhile, on top of what is not durable either.
        await last.Task;
        var sending = silo.SendAsync(room, Alice, "between");
        Assert.False(pushing.IsCompleted || sending.IsCompleted);
        release.SetResult();
        Assert.All(await pushing, v => Assert.Equal(PduVerdict.Accepted, v.Verdict));
        Assert.Equal([chain[^1].EventId], PrevEvents(await silo.EventAsync((await sending).Value)));
    }

    private Task<RoomHarness> StartAsync() => RoomHarness.StartAsync(_folder, _clock, wrap: inner => _storage = new InterceptedStorage(inner));

    /// <summary>Events of one line of history, each on top of the one before.</summary>
    private static async Task<Pdu[]> ChainAsync(RoomHarness silo, string room)
    {
        var last = await JoinAsync(silo, room, Zoe);
        var chain = new Pdu[Count];
        for (var i = 0; i < Count; i++)
            chain[i] = last = await EventAsync(silo, room, Zoe, "m.room.message", null, $$"""{"body":"{{i}}"}""", [last.EventId]);
        return chain;
    }
}
