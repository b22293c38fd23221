using System.Collections.Concurrent;
using Orleans.TestingHost;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Housekeeping;

/// <summary>A silo dies between the commit that queues something and the wake: another one finds it.</summary>
public sealed class UnfinishedWorkTests : IAsyncLifetime
{
    private const string Other = "1.0.0.1:1";
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private readonly FakeServers _servers = new();
    private readonly ConcurrentQueue<int> _came = new();
    private IStorage _storage = null!;
    private IStorage _dead = null!;
    private InProcessTestCluster? _cluster;

    public async ValueTask InitializeAsync()
    {
        _storage = await TestStorage.OpenAsync(_folder, _clock);

        // Of a silo that does not get as far as telling anybody.
        _dead = await TestStorage.OpenAsync(_folder, _clock);
        _servers.TakeEdus(Other, content => _came.Enqueue(content.GetProperty("n").GetInt32()));
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        await _dead.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Dispose();
        _servers.Dispose();
    }

    [Fact]
    public async Task What_a_silo_left_behind_goes_out_when_one_starts_and_when_one_dies()
    {
        await QueueAsync(1);
        _cluster = await GrainCluster.StartAsync(2, _folder.Path, _clock, _storage, _servers, wakes: true);
        await UntilSentAsync(1);
        await QueueAsync(2);
        await _cluster.KillSiloAsync(_cluster.Silos[1]);
        await UntilSentAsync(2);
        Assert.Equal([1, 2], _came.Distinct());
    }

    [Fact]
    public async Task Who_is_shown_as_there_and_does_not_come_back_is_offline()
    {
        var unit = new WriteUnit();
        _dead.Ephemeral.PutPresence(unit, new PresenceRow(Alice, "online", null, 1, true, 0), unit.NextPosition(ChangeKind.Presence, Alice));
        _dead.Ephemeral.PutPresence(
            unit, new PresenceRow("@zoe:elsewhere", "online", null, 1, true, 0), unit.NextPosition(ChangeKind.Presence, "@zoe:elsewhere"));
        await _dead.CommitAsync(unit);
        _cluster = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage, _servers, wakes: true);
        await UntilAsync(async () => (await _storage.Ephemeral.PresenceAsync([Alice]))[0].Presence == "offline", TimeSpan.FromSeconds(1));
        Assert.Equal(["@zoe:elsewhere"], await _storage.Ephemeral.ShownAsync("", 10));
    }

    private async Task QueueAsync(int number)
    {
        var unit = new WriteUnit();
        _dead.Outbox.Enqueue(
            unit, [Other], new OutboxItem(OutboxKind.ToDevice, "", Body: Utf8($$"""{"edu_type":"m.direct_to_device","content":{"n":{{number}} } }""")),
            unit.NextPosition(ChangeKind.ToDevice, Other));
        await _dead.CommitAsync(unit);
    }

    private Task UntilSentAsync(int number) => UntilAsync(() => Task.FromResult(_came.Contains(number)), TimeSpan.FromMilliseconds(1));

    private async Task UntilAsync(Func<Task<bool>> isSo, TimeSpan step)
    {
        for (var i = 0; i < 6000 && !await isSo(); i++)
        {
            _clock.Advance(step);
            await Task.Delay(5);
        }

        Assert.True(await isSo());
    }
}
