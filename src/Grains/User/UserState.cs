using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Grains.User.Sync;
using OrleansMatrix.Grains.User.Unread;

namespace OrleansMatrix.Grains.User;

/// <summary>What an active user grain keeps in memory, all of it made from storage and bounded. Used by one grain only, on its one thread.</summary>
public sealed class UserState : IDisposable
{
    private const int MaxDevices = 50;
    private const int MaxFilterBytes = 256 * 1024;
    private readonly Dictionary<string, SyncFilter> _filters = new(StringComparer.Ordinal);
    private int _filterBytes;
    private readonly Dictionary<(string Device, string Filter), LazyMembers> _lazyMembers = [];

    public UserState(UserServices services, string userId)
    {
        ArgumentNullException.ThrowIfNull(services);
        (Services, UserId) = (services, userId);
        Watcher = services.Hub.Watch(userId);
        Settings = new UserSettings(services, Watcher);
        Devices = new DeviceMemory(services, Watcher);
        Unread = new UserUnread(services, Settings, userId);
        Memberships = new UserMemberships(services, Watcher, Unread);
        Badge = new Badge(this);
    }

    public UserServices Services { get; }
    public string UserId { get; }
    public ChangeWatcher Watcher { get; }
    internal UserMemberships Memberships { get; }
    public UserSettings Settings { get; }
    public LastTold LastTold { get; } = new();
    public DeviceMemory Devices { get; }
    internal UserUnread Unread { get; }
    internal Badge Badge { get; }

    /// <summary>The member events that a device knows under a filter.</summary>
    public LazyMembers LazyMembersOf(string deviceId, string filter)
    {
        if (_lazyMembers.TryGetValue((deviceId, filter), out var known))
            return known;
        if (_lazyMembers.Count >= MaxDevices)
            _lazyMembers.Clear();
        return _lazyMembers[(deviceId, filter)] = new LazyMembers();
    }

    /// <summary>A filter that was stored; null if there is none. One that was found never changes (C-S API, Filtering), so it is read once.</summary>
    public async ValueTask<SyncFilter?> FilterAsync(string filterId, CancellationToken cancellationToken)
    {
        if (_filters.TryGetValue(filterId, out var known))
            return known;

        // What was stored was valid then.
        if (await Services.Storage.AccountData.GetFilterAsync(UserId, filterId, cancellationToken) is not { } json ||
            !SyncFilter.Parse(json).TryGet(out var filter, out _))
            return null;
        _filterBytes += json.Length;
        if (_filterBytes > MaxFilterBytes)
        {
            _filters.Clear();
            _filterBytes = json.Length;
        }

        return _filters[filterId] = filter;
    }

    public void Dispose() => Watcher.Dispose();
}
