using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Commits;

public abstract class FenceTests(Backend backend) : StoreTests(backend)
{
    private const string Owner = "room:" + Room;

    [Fact]
    public async Task The_first_commit_raises_the_epoch_and_later_ones_keep_it()
    {
        var fence = await Storage.OpenFenceAsync(Owner);
        Assert.Equal((0, false), (fence.Epoch, fence.Held));

        await CommitAsync(Write("1"), fence);
        await CommitAsync(Write("2"), fence);

        Assert.Equal((1, true), (fence.Epoch, fence.Held));
        Assert.Equal(1, (await Storage.OpenFenceAsync(Owner)).Epoch);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stale_activation_is_refused_and_the_one_that_wrote_last_goes_on(bool onAnotherSilo)
    {
        var other = onAnotherSilo ? await Backend.OpenAsync() : Storage;
        var old = await Storage.OpenFenceAsync(Owner);
        await CommitAsync(Write("old"), old);

        var young = await other.OpenFenceAsync(Owner);
        await CommitAsync(Write("still old"), old);
        await CommitOnAsync(other, Write("young"), young);

        await Assert.ThrowsAsync<StaleFenceException>(() => CommitAsync(Write("stale"), old));
        await CommitOnAsync(other, Write("young again"), young);
        await Assert.ThrowsAsync<StaleFenceException>(() => CommitAsync(Write("stale again"), old));
        Assert.Equal("young again", await ReadAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_fence_is_acquired_no_former_activation_can_write(bool onAnotherSilo)
    {
        var other = onAnotherSilo ? await Backend.OpenAsync() : Storage;
        var old = await Storage.OpenFenceAsync(Owner);
        await CommitAsync(Write("old"), old);

        var young = await other.AcquireFenceAsync(Owner);
        await Assert.ThrowsAsync<StaleFenceException>(() => CommitAsync(Write("too late"), old));
        Assert.Equal("old", await ReadAsync());
        await CommitOnAsync(other, Write("young"), young);
        Assert.Equal("young", await ReadAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_activations_that_read_the_same_epoch_one_wins(bool onAnotherSilo)
    {
        var other = onAnotherSilo ? await Backend.OpenAsync() : Storage;
        for (var round = 0; round < 10; round++)
        {
            var first = await Storage.OpenFenceAsync(Owner);
            var second = await other.OpenFenceAsync(Owner);

            var commits = new[] { CommitAsync(Write("first"), first), CommitOnAsync(other, Write("second"), second) };
            await Task.WhenAll(commits).ContinueWith(_ => { }, TestContext.Current.CancellationToken, TaskContinuationOptions.None, TaskScheduler.Default);

            var lost = Assert.Single(commits, commit => commit.IsFaulted);
            Assert.IsType<StaleFenceException>(lost.Exception!.InnerException);
            Assert.Equal(lost == commits[0] ? "second" : "first", await ReadAsync());
        }
    }

    [Fact]
    public async Task After_a_failure_all_later_units_of_the_fence_fail_and_others_do_not()
    {
        await CommitAsync(unit => Storage.Events.AddTransaction(unit, Alice, "D", Room, "taken", "$x", 1));
        var fence = await Storage.OpenFenceAsync(Owner);
        var bystander = await Storage.OpenFenceAsync("room:" + OtherRoom);

        var before = CommitAsync(Write("before"), fence);
        var failing = CommitAsync(unit => Storage.Events.AddTransaction(unit, Alice, "D", Room, "taken", "$y", 1), fence);
        var after = CommitAsync(Write("after"), fence);
        var others = CommitAsync(unit => Storage.Accounts.PutProfileField(unit, Bob, "field", Json("1")), bystander);

        await before;
        await Assert.ThrowsAsync<ConflictException>(() => failing);
        await Assert.ThrowsAsync<StaleFenceException>(() => after);
        await Assert.ThrowsAsync<StaleFenceException>(() => CommitAsync(Write("much later"), fence));
        await others;
        Assert.Equal("before", await ReadAsync());

        // The next activation reads the epoch anew and goes on.
        await CommitAsync(Write("next"), await Storage.OpenFenceAsync(Owner));
        Assert.Equal("next", await ReadAsync());
    }

    [Fact]
    public async Task An_acquisition_that_failed_leaves_the_epoch_as_it_was()
    {
        await CommitAsync(unit => Storage.Events.AddTransaction(unit, Alice, "D", Room, "taken", "$x", 1));
        var failed = await Storage.OpenFenceAsync(Owner);
        var waiting = await Storage.OpenFenceAsync(Owner);

        await Assert.ThrowsAsync<ConflictException>(() => CommitAsync(unit => Storage.Events.AddTransaction(unit, Alice, "D", Room, "taken", "$y", 1), failed));

        await CommitAsync(Write("written"), waiting);
        Assert.Equal("written", await ReadAsync());
    }

    private Action<WriteUnit> Write(string value) => unit => Storage.Accounts.PutProfileField(unit, Alice, "field", Json(value));

    private static Task<CommitResult> CommitOnAsync(IStorage storage, Action<WriteUnit> write, Fence fence)
    {
        var unit = new WriteUnit(fence);
        write(unit);
        return storage.CommitAsync(unit);
    }

    private async Task<string> ReadAsync() => Text((await Storage.Accounts.GetProfileAsync(Alice))["field"]);
}

public sealed class SqliteFenceTests() : FenceTests(new SqliteBackend());

public sealed class PostgresFenceTests(PostgresCluster cluster) : FenceTests(new PostgresBackend(cluster));
