using System.Collections.Concurrent;
using System.Text.Json;
using Orleans.TestingHost;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.User.Presence;

/// <summary>The presence of two devices makes that of the user; what is shown is announced when it changes, and never else.</summary>
public sealed class PresenceTests : IAsyncLifetime
{
    private static readonly TimeSpan s_renewal = TimeSpan.FromSeconds(30);
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private readonly ConcurrentQueue<string> _announced = new();
    private IStorage _storage = null!;
    private InProcessTestCluster _cluster = null!;

    private IPresenceGrain Grain => _cluster.Client.GetGrain<IPresenceGrain>(Alice);

    public async ValueTask InitializeAsync()
    {
        _storage = await TestStorage.OpenAsync(_folder, _clock);
        _storage.Feed.Subscribe(changes =>
        {
            foreach (var change in changes.Span)
            {
                if (change.Kind == ChangeKind.Presence)
                    _announced.Enqueue(change.Key);
            }
        });
        _cluster = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_user_is_what_its_most_active_device_is()
    {
        await SyncAsync(("phone", "unavailable"));
        await ShowsAsync("unavailable", announced: 1);
        await SyncAsync(("phone", "unavailable"), ("laptop", "online"));
        await ShowsAsync("online", announced: 2);
        for (var i = 0; i < 5; i++)
        {
            _clock.Advance(s_renewal);
            await SyncAsync(("phone", "unavailable"), ("laptop", "online"));
            await SyncAsync(("laptop", "online"), ("phone", "unavailable"));
        }

        await ShowsAsync("online", announced: 2);
        await SyncAsync(("phone", "unavailable"));
        await ShowsAsync("unavailable", announced: 3);
        await SyncAsync();
        await ShowsAsync("offline", announced: 4);
    }

    [Fact]
    public async Task Who_does_nothing_is_idle_after_five_minutes_and_whoever_does_something_is_not()
    {
        await SyncAsync(("phone", "online"), ("laptop", "online"));
        for (var i = 0; i < 8; i++)
            await RenewAsync();
        await ActAsync("phone");
        await ShowsAsync("online", announced: 1);
        for (var i = 0; i < 9; i++)
            await RenewAsync();
        await ShowsAsync("online", announced: 1);
        Assert.Equal(270_000, await LastActiveAgoAsync());
        await RenewAsync();
        await ShowsAsync("unavailable", announced: 2);
        Assert.Equal(300_000, await LastActiveAgoAsync());

        // A sync that asks for what the syncs before asked for says nothing new.
        await RenewAsync();
        await ShowsAsync("unavailable", announced: 2);
        await ActAsync("laptop");
        await ShowsAsync("online", announced: 3);
        Assert.Equal(0, await LastActiveAgoAsync());

        async Task RenewAsync()
        {
            _clock.Advance(s_renewal);
            await SyncAsync(("phone", "online"), ("laptop", "online"));
        }
    }

    [Fact]
    public async Task What_a_device_puts_holds_until_it_says_or_does_something_else()
    {
        await SyncAsync(("phone", "online"));
        Assert.True((await Grain.Set("phone", "unavailable", "in a meeting")).Ok);
        await ShowsAsync("unavailable", announced: 2, "in a meeting");
        await SyncAsync(("phone", "online"));
        await ShowsAsync("unavailable", announced: 2, "in a meeting");
        Assert.True((await Grain.Set("phone", "unavailable", "in a meeting")).Ok);
        await ShowsAsync("unavailable", announced: 2, "in a meeting");
        Assert.True((await Grain.Set("phone", "unavailable", null)).Ok);
        await ShowsAsync("unavailable", announced: 3);
        await ActAsync("phone");
        await ShowsAsync("online", announced: 4);

        // Who hides stays hidden, whatever it does; a device that is on line shows.
        Assert.True((await Grain.Set("phone", "offline", null)).Ok);
        await SyncAsync(("phone", "online"));
        await ActAsync("phone");
        await ShowsAsync("offline", announced: 5);
        await SyncAsync(("phone", "online"), ("laptop", "unavailable"));
        await ShowsAsync("unavailable", announced: 6);
        Assert.Equal("M_INVALID_PARAM", (await Grain.Set("phone", "busy", null)).Error!.ErrCode);
    }

    [Fact]
    public async Task What_a_device_that_does_not_sync_puts_ends_by_itself()
    {
        Assert.True((await Grain.Set("phone", "online", "hello")).Ok);
        await ShowsAsync("online", announced: 1, "hello");
        _clock.Advance(TimeSpan.FromSeconds(30));
        await ShowsAsync("offline", announced: 2, "hello");
    }

    [Fact]
    public async Task A_restart_changes_nothing_for_devices_that_come_back()
    {
        await SyncAsync(("phone", "online"));
        await RestartAsync();
        _clock.Advance(TimeSpan.FromSeconds(60));
        await SyncAsync(("laptop", "unavailable"));
        await SyncAsync(("laptop", "unavailable"), ("phone", "online"));
        _clock.Advance(TimeSpan.FromSeconds(60));
        await SyncAsync(("laptop", "unavailable"), ("phone", "online"));
        await ShowsAsync("online", announced: 1);
    }

    [Fact]
    public async Task An_idle_user_is_idle_after_a_restart_too()
    {
        await SyncAsync(("phone", "online"));
        _clock.Advance(TimeSpan.FromSeconds(60));
        await SyncAsync(("phone", "online"));
        for (var i = 0; i < 10; i++)
        {
            _clock.Advance(s_renewal);
            await SyncAsync(("phone", "online"));
        }

        await ShowsAsync("unavailable", announced: 2);
        await RestartAsync();
        await SyncAsync(("phone", "online"));
        await ShowsAsync("unavailable", announced: 2);
        await ActAsync("phone");
        await ShowsAsync("online", announced: 3);
    }

    [Fact]
    public async Task Who_does_not_come_back_after_a_restart_is_offline()
    {
        await SyncAsync(("phone", "online"));
        await RestartAsync();
        await ShowsAsync("online", announced: 1);
        _clock.Advance(TimeSpan.FromSeconds(90));
        await ShowsAsync("offline", announced: 2);
    }

    [Fact]
    public async Task A_user_of_another_server_is_announced_when_what_is_shown_changes()
    {
        var grain = _cluster.Client.GetGrain<IPresenceGrain>("@zoe:elsewhere");
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        await grain.Receive(new ReceivedPresence("online", "here", now, true));
        await grain.Receive(new ReceivedPresence("online", "here", now + 100_000, true));
        await AnnouncedAsync(1);
        await grain.Receive(new ReceivedPresence("online", "here", now + 100_000, false));
        await grain.Receive(new ReceivedPresence("offline", "here", now + 100_000, false));
        await AnnouncedAsync(3);
        Assert.Equal(("offline", now + 100_000), (await RowAsync("@zoe:elsewhere") is { } row ? (row.Presence, row.LastActiveAt) : default));
    }

    private Task SyncAsync(params (string Device, string Presence)[] devices) =>
        Grain.Syncing([.. devices.Select(d => new SyncingDevice(d.Device, d.Presence))]);

    /// <summary>One-way, so its end is known by the next call's.</summary>
    private async Task ActAsync(string device)
    {
        await Grain.Active(device);
        await UntilAsync(async () => await LastActiveAgoAsync() == 0);
    }

    private async Task RestartAsync()
    {
        await _cluster.DisposeAsync();
        _cluster = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage);
    }

    private async Task ShowsAsync(string presence, int announced, string? status = null)
    {
        await UntilAsync(async () => (await GetAsync()).GetProperty("presence").GetString() == presence);
        var row = await RowAsync(Alice);
        Assert.Equal((presence, status, presence == "online"), (row!.Presence, row.StatusMessage, row.CurrentlyActive));
        await AnnouncedAsync(announced);
    }

    private async Task AnnouncedAsync(int count)
    {
        await UntilAsync(() => Task.FromResult(_announced.Count >= count));
        Assert.Equal(count, _announced.Count);
    }

    private async Task<long> LastActiveAgoAsync() => (await GetAsync()).GetProperty("last_active_ago").GetInt64();

    private async Task<JsonElement> GetAsync()
    {
        using var document = JsonDocument.Parse((await Grain.Get(Alice)).Value);
        return document.RootElement.Clone();
    }

    private async Task<PresenceRow?> RowAsync(string userId) => (await _storage.Ephemeral.PresenceAsync([userId])).SingleOrDefault();

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var i = 0; i < 5000 && !await isSo(); i++)
            await Task.Delay(1);
        Assert.True(await isSo());
    }
}
