using OrleansMatrix.Grains.Abstractions.User;

namespace OrleansMatrix.Grains.User.Presence;

/// <summary>
/// The presence of each device of a local user, and of the user: "per-device (online, idle, last_active) [data], aggregated by the user's homeserver"
/// (C-S API, Presence). Made again from the next syncs after a restart; none of it is in storage but what is shown.
/// </summary>
internal sealed class DevicePresences
{
    /// <summary>Who has not done anything for this long is idle (C-S API, Idle timeout).</summary>
    public static readonly TimeSpan IdleAfter = TimeSpan.FromMinutes(5);

    /// <summary>What a device says of itself holds for this long without a sync.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Devices are said to sync more often than this while they do.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(90);

    private readonly Dictionary<string, Device> _devices = new(StringComparer.Ordinal);
    private Device? _restored;

    /// <summary>When the user did something; the start of time if that is not known.</summary>
    public DateTimeOffset LastActive { get; private set; }

    /// <summary>
    /// Begins with what was shown before a restart: it stands until the devices have had time to come back, and they come back with the activity of then.
    /// </summary>
    public void Restore(string presence, DateTimeOffset lastActive, DateTimeOffset now)
    {
        // Online means active within the idle time, up to the end.
        LastActive = presence == PresenceNames.Online ? now : lastActive;
        if (presence != PresenceNames.Offline)
            _restored = new Device { State = presence, LastActive = LastActive, SyncsUntil = now + Silence };
    }

    /// <summary>A device says what it is. "The activity time is updated to reflect that activity" (presence.yaml).</summary>
    public void Put(string deviceId, string presence, DateTimeOffset now)
    {
        var device = GetOrAdd(deviceId);
        device.State = presence;
        device.HoldsUntil = now + Patience;
        device.LastActive = LastActive = now;
        Forget(now);
    }

    /// <summary>
    /// These devices sync, and no others. A sync marks its device as what it asks for (sync.yaml, set_presence); one that asks for the same as the device's
    /// syncs before says nothing new, so that what was put, or done, in between holds.
    /// </summary>
    public void Syncing(IEnumerable<SyncingDevice> syncing, DateTimeOffset now)
    {
        var others = _devices.Values.Where(d => d.Wish is not null).ToHashSet();
        foreach (var (deviceId, wish) in syncing)
        {
            var isNew = !_devices.ContainsKey(deviceId);
            var device = GetOrAdd(deviceId);
            others.Remove(device);
            device.SyncsUntil = now + Silence;
            if (device.Wish == wish)
                continue;

            // Coming on line is something that the user does; coming back after a restart of the server is not.
            if (wish == PresenceNames.Online && device.State != PresenceNames.Online)
                device.LastActive = isNew && _restored is { } before && before.SyncsUntil > now ? before.LastActive : LastActive = now;
            device.State = device.Wish = wish;
        }

        foreach (var gone in others)
            (gone.Wish, gone.SyncsUntil) = (null, now);
        Forget(now);
    }

    /// <summary>
    /// The user did something: "any activity that bumps the last active time on any of the user's clients" makes it online, but who is offline wants to be.
    /// </summary>
    public void Active(string deviceId, DateTimeOffset now)
    {
        LastActive = now;
        if (_devices.TryGetValue(deviceId, out var device) && device.IsThere(now) && device.State != PresenceNames.Offline)
            (device.State, device.LastActive) = (PresenceNames.Online, now);
    }

    /// <summary>The user's presence: that of the most active device.</summary>
    public string Shown(DateTimeOffset now)
    {
        var shown = PresenceNames.Offline;
        foreach (var device in All.Where(d => d.IsThere(now)))
        {
            var state = device.State == PresenceNames.Online && now - device.LastActive >= IdleAfter ? PresenceNames.Unavailable : device.State;
            if (state == PresenceNames.Online)
                return state;
            if (state == PresenceNames.Unavailable)
                shown = state;
        }

        return shown;
    }

    /// <summary>When the user's presence may change by itself; null: it will not.</summary>
    public DateTimeOffset? NextChange(DateTimeOffset now)
    {
        DateTimeOffset? next = null;
        foreach (var device in All.Where(d => d.IsThere(now)))
        {
            var change = device.Until;
            if (device.State == PresenceNames.Online && device.LastActive + IdleAfter is var idle && idle > now && idle < change)
                change = idle;
            if (next is null || change < next)
                next = change;
        }

        return next;
    }

    private IEnumerable<Device> All => _restored is null ? _devices.Values : _devices.Values.Append(_restored);

    private Device GetOrAdd(string deviceId)
    {
        if (!_devices.TryGetValue(deviceId, out var device))
            _devices.Add(deviceId, device = new Device());
        return device;
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var (id, device) in _devices.Where(d => !d.Value.IsThere(now)).ToList())
            _devices.Remove(id);
        if (_restored?.IsThere(now) == false)
            _restored = null;
    }

    private sealed class Device
    {
        public string State = PresenceNames.Offline;
        public string? Wish;
        public DateTimeOffset LastActive;
        public DateTimeOffset SyncsUntil;
        public DateTimeOffset HoldsUntil;

        public DateTimeOffset Until => SyncsUntil > HoldsUntil ? SyncsUntil : HoldsUntil;

        public bool IsThere(DateTimeOffset now) => Until > now;
    }
}
