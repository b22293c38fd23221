using Orleans.TestingHost;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Outbox;

/// <summary>A restart does not ask all servers at once that have not answered for long.</summary>
public sealed class BackoffTests : IAsyncLifetime
{
    private const string Other = "1.0.0.1:1";
    private const int Failures = 6;
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private readonly FakeServers _servers = new();
    private IStorage _storage = null!;
    private InProcessTestCluster _cluster = null!;

    private IRemoteServerGrain Grain => _cluster.Client.GetGrain<IRemoteServerGrain>(Other);

    public async ValueTask InitializeAsync()
    {
        _storage = await TestStorage.OpenAsync(_folder, _clock);
        _cluster = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage, _servers);
        var unit = new WriteUnit();
        _storage.Outbox.Enqueue(unit, [Other], new OutboxItem(OutboxKind.ToDevice, "", Body: Utf8("""{"edu_type":"m.direct_to_device","content":{}}""")),
            unit.NextPosition(ChangeKind.ToDevice, Other));
        await _storage.CommitAsync(unit);

        // It fails at once, then after 2, 4, 8, 16 and 32 s; the next try is 64 s later.
        await Grain.Wake();
        await AdvanceUntilAsync(() => _servers.Count(Other) == Failures);
        await UntilAsync(async () => (await _storage.Servers.BackoffAsync(Other))?.Failures == Failures);
        await _cluster.DisposeAsync();
        _cluster = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage, _servers);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Dispose();
        _servers.Dispose();
    }

    [Fact]
    public async Task It_goes_on_waiting_after_a_restart_and_forgets_once_the_server_answers()
    {
        await Grain.Wake();
        _clock.Advance(TimeSpan.FromSeconds(60));
        await Grain.Wake();
        Assert.Equal(Failures, _servers.Count(Other));

        _servers.On(Other, "/_matrix/federation/v1/send/", _ => "{}"u8.ToArray());
        await AdvanceUntilAsync(() => _servers.Count(Other) == Failures + 1);
        await UntilAsync(async () => await _storage.Servers.BackoffAsync(Other) is null);
        Assert.Empty(await _storage.Outbox.DestinationsWithQueueAsync());
    }

    [Fact]
    public async Task What_is_heard_of_the_server_ends_the_wait_after_a_restart_too()
    {
        await Grain.Wake();
        _servers.On(Other, "/_matrix/federation/v1/send/", _ => "{}"u8.ToArray());
        var before = _clock.GetUtcNow();
        await Grain.SeenAlive();
        await AdvanceUntilAsync(() => _servers.Count(Other) == Failures + 1, milliseconds: 10);
        Assert.True(_clock.GetUtcNow() - before <= TimeSpan.FromSeconds(30));
        await UntilAsync(async () => await _storage.Servers.BackoffAsync(Other) is null);
    }

    [Fact]
    public async Task A_reminder_wakes_who_is_away_for_long_and_goes_once_nothing_waits()
    {
        var reminder = Assert.Single(await _storage.Reminders.AllAsync());
        Assert.Equal(Grain.GetGrainId().ToString(), reminder.GrainId);
        var tick = new TickStatus(_clock.GetUtcNow().UtcDateTime, TimeSpan.FromMinutes(30), _clock.GetUtcNow().UtcDateTime);

        // Nothing else has woken the grain of this cluster.
        _servers.On(Other, "/_matrix/federation/v1/send/", _ => "{}"u8.ToArray());
        await Grain.AsReference<IRemindable>().ReceiveReminder(reminder.Name, tick);
        await AdvanceUntilAsync(() => _servers.Count(Other) == Failures + 1);
        await UntilAsync(async () => (await _storage.Outbox.DestinationsWithQueueAsync()).Count == 0);
        await Grain.AsReference<IRemindable>().ReceiveReminder(reminder.Name, tick);
        Assert.Empty(await _storage.Reminders.AllAsync());
    }

    private async Task AdvanceUntilAsync(Func<bool> isSo, int milliseconds = 500) => await UntilAsync(() =>
    {
        if (!isSo())
            _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
        return Task.FromResult(isSo());
    });

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var i = 0; i < 2000 && !await isSo(); i++)
            await Task.Delay(1);
        Assert.True(await isSo());
    }
}
