using OrleansMatrix.Grains.Abstractions.User;

namespace OrleansMatrix.Grains.User.Presence;

/// <summary>
/// Which devices of a user sync, and what their syncs ask the user's presence to be (C-S API, <c>set_presence</c>). The presence grain is told when that
/// changes, and now and then that it has not.
/// </summary>
internal sealed class SyncingDevices(IGrainBase grain, IPresenceGrain presence, TimeProvider time)
{
    private static readonly TimeSpan s_between = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, Device> _devices = new(StringComparer.Ordinal);
    private IGrainTimer? _timer;
    private Task? _telling;
    private bool _isToBeTold;
    private DateTimeOffset _toldAt;

    private DateTimeOffset Now => time.GetUtcNow();

    /// <summary>
    /// A sync begins. "If this parameter is omitted then the client is automatically marked as online when it uses this API. Otherwise if the parameter is set
    /// to "offline" then the client is not marked as being online."
    /// </summary>
    public async ValueTask<IDisposable?> BeginAsync(string deviceId, string? wanted)
    {
        wanted ??= PresenceNames.Online;
        if (wanted == PresenceNames.Offline)
            return null;
        if (!_devices.TryGetValue(deviceId, out var device))
            _devices.Add(deviceId, device = new Device());
        device.Running++;
        var running = new Sync(this, device);
        if (device.Wish == wanted)
            return running;
        device.Wish = wanted;
        _timer ??= grain.RegisterGrainTimer(LookAsync, new GrainTimerCreationOptions(s_between, s_between) { Interleave = true, KeepAlive = true });
        try
        {
            await TellAsync();
            return running;
        }
        catch
        {
            running.Dispose();
            throw;
        }
    }

    private async Task LookAsync()
    {
        var now = Now;
        foreach (var (id, device) in _devices.Where(d => d.Value.Running == 0 && now - d.Value.EndedAt >= DevicePresences.Patience).ToList())
        {
            _devices.Remove(id);
            _isToBeTold = true;
        }

        if (_isToBeTold || now - _toldAt >= DevicePresences.Patience)
            await TellAsync();
        if (_devices.Count > 0)
            return;
        _timer?.Dispose();
        _timer = null;
    }

    /// <summary>One call at a time, so that the last one that arrives is the last one that was sent.</summary>
    private Task TellAsync()
    {
        _isToBeTold = true;
        return _telling is { IsCompleted: false } running ? running : _telling = RunAsync();

        async Task RunAsync()
        {
            while (_isToBeTold)
            {
                _isToBeTold = false;
                _toldAt = Now;
                try
                {
                    await presence.Syncing([.. _devices.Select(d => new SyncingDevice(d.Key, d.Value.Wish!))]);
                }
                catch
                {
                    _isToBeTold = true;
                    throw;
                }
            }
        }
    }

    private sealed class Device
    {
        public string? Wish;
        public int Running;
        public DateTimeOffset EndedAt;
    }

    private sealed class Sync(SyncingDevices devices, Device device) : IDisposable
    {
        public void Dispose()
        {
            device.Running--;
            device.EndedAt = devices.Now;
        }
    }
}
