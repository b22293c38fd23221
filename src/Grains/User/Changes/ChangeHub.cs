using System.Runtime.CompilerServices;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Changes;

/// <summary>
/// What changed lately, for the users that this silo serves (one instance per silo). It follows the storage's change feed, so it can neither lose nor
/// reorder a change; it remembers the newest changes only, back to its horizon. Readers with an older position ask storage.
/// </summary>
public sealed class ChangeHub
{
    /// <summary>Changes remembered: 24 bytes each, and the keys they name.</summary>
    public const int DefaultCapacity = 1 << 16;

    private readonly Lock _gate = new();
    private readonly Change[] _ring;
    private readonly Dictionary<string, Key> _keys = new(StringComparer.Ordinal);
    private readonly List<Change> _neighbourly = [];
    private readonly List<TaskCompletionSource> _ready = [];
    private int _neighbourlyStart;
    private long _appended;
    private long _horizon = long.MaxValue;
    private long _position;

    /// <summary>Follows <paramref name="feed"/>, remembering at most <paramref name="capacity"/> changes.</summary>
    public ChangeHub(IChangeFeed feed, int capacity = DefaultCapacity)
    {
        ArgumentNullException.ThrowIfNull(feed);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _ring = new Change[capacity];
        Feed = feed;
        var start = feed.Subscribe(OnChanges, OnLost);
        lock (_gate)
        {
            // The first batches may have come before the start was known.
            _horizon = _appended > capacity ? _horizon : start;
            _position = Math.Max(_position, start);
        }
    }

    /// <summary>The feed that is followed.</summary>
    public IChangeFeed Feed { get; }

    /// <summary>Told, after the watchers, of each change of a user's that concerns those who share a room with it. Must be quick.</summary>
    public event Action<Change>? NeighbourChanged;

    /// <summary>All changes up to here are known to the hub.</summary>
    public long Position
    {
        get { lock (_gate) return _position; }
    }

    /// <summary>The hub's position once it has reached what this silo's feed knows now.</summary>
    public async ValueTask<long> CatchUpAsync(CancellationToken cancellationToken)
    {
        var target = Feed.Current;
        while (true)
        {
            TaskCompletionSource wait;
            lock (_gate)
            {
                if (_position >= target)
                    return _position;
                _ready.Add(wait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            await wait.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Starts watching for a user; dispose the watcher to stop.</summary>
    public ChangeWatcher Watch(string userId)
    {
        var watcher = new ChangeWatcher(this, userId);
        lock (_gate)
            Add(userId, watcher);
        return watcher;
    }

    /// <summary>
    /// Wakes those who watch any of the rooms, for a change at <paramref name="position"/> that the room ids do not name themselves; rooms that more than
    /// <paramref name="maxWatchers"/> watch are passed over.
    /// </summary>
    public void SignalRooms(IEnumerable<string> roomIds, long position, int maxWatchers = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(roomIds);
        lock (_gate)
        {
            foreach (var roomId in roomIds)
            {
                if (_keys.TryGetValue(roomId, out var key) && key.Watchers.Count <= maxWatchers)
                    key.Signal(position);
            }
        }
    }

    internal void SetRooms(ChangeWatcher watcher, IReadOnlySet<string> rooms)
    {
        lock (_gate)
        {
            if (watcher.Disposed)
                return;
            foreach (var roomId in watcher.Rooms.Where(r => !rooms.Contains(r)).ToList())
            {
                watcher.Rooms.Remove(roomId);
                Remove(roomId, watcher);
            }

            foreach (var roomId in rooms)
            {
                if (watcher.Rooms.Add(roomId))
                    Add(roomId, watcher);
            }
        }
    }

    internal void Forget(ChangeWatcher watcher)
    {
        lock (_gate)
        {
            if (watcher.Disposed)
                return;
            watcher.Disposed = true;
            Remove(watcher.UserId, watcher);
            foreach (var roomId in watcher.Rooms)
                Remove(roomId, watcher);
        }
    }

    internal bool TryCollect(ChangeWatcher watcher, long since, long upTo, ChangeSet changes)
    {
        lock (_gate)
        {
            if (since < _horizon || watcher.Disposed)
                return false;
            var first = FirstAfter(since);
            if (_appended - first <= 16 + watcher.Rooms.Count)
            {
                for (var i = first; i < _appended && At(i).Position <= upTo; i++)
                    Collect(watcher, At(i), changes);
            }
            else
            {
                foreach (var roomId in watcher.Rooms)
                {
                    if (_keys.TryGetValue(roomId, out var room) && room.KindsAfter(since) is var kinds && kinds != ChangeKinds.None)
                        changes.AddRoom(roomId, kinds);
                }

                changes.Own |= _keys[watcher.UserId].KindsAfter(since);
            }

            for (var i = _neighbourly.Count - 1; i >= _neighbourlyStart && _neighbourly[i].Position > since; i--)
            {
                var change = _neighbourly[i];
                if (change.Position <= upTo)
                    (change.Kind == ChangeKind.DeviceList ? changes.DeviceLists : changes.Presence).Add(change.Key);
            }

            return true;
        }
    }

    internal long LastOwn(ChangeWatcher watcher, ChangeKind kind)
    {
        lock (_gate)
            return LastChange(watcher.UserId, kind);
    }

    /// <summary>For each key a position after which it had no change of this kind (as far as the hub's position).</summary>
    internal Dictionary<string, long> LastChanges(IReadOnlyCollection<string> keys, ChangeKind kind)
    {
        var last = new Dictionary<string, long>(keys.Count, StringComparer.Ordinal);
        lock (_gate)
        {
            foreach (var key in keys)
                last[key] = LastChange(key, kind);
        }

        return last;
    }

    internal bool TryWait(ChangeWatcher watcher, long after, TaskCompletionSource<bool> wait)
    {
        lock (_gate)
        {
            if (watcher.LastSignal > after)
                return false;
            watcher.Waiting.Add(wait);
            return true;
        }
    }

    internal void EndWait(ChangeWatcher watcher, TaskCompletionSource<bool> wait)
    {
        lock (_gate)
            watcher.Waiting.Remove(wait);
    }

    private long LastChange(string name, ChangeKind kind) => _keys.TryGetValue(name, out var key) ? Math.Max(key.Last[(int)kind], _horizon) : _horizon;

    private static void Collect(ChangeWatcher watcher, Change change, ChangeSet changes)
    {
        var kind = (ChangeKinds)(1 << (int)change.Kind);
        if (watcher.Rooms.Contains(change.Key))
            changes.AddRoom(change.Key, kind);
        else if (change.Key == watcher.UserId)
            changes.Own |= kind;
    }

    private void OnChanges(ReadOnlyMemory<Change> batch)
    {
        List<TaskCompletionSource> ready;
        lock (_gate)
        {
            foreach (var change in batch.Span)
                Append(change);
            ready = [.. _ready];
            _ready.Clear();
        }

        foreach (var waiting in ready)
            waiting.TrySetResult();
        if (NeighbourChanged is not { } told)
            return;
        foreach (var change in batch.Span)
        {
            if (IsNeighbourly(change.Kind))
                told(change);
        }
    }

    /// <summary>Nothing is known of what came before: readers ask storage.</summary>
    private void OnLost(long upTo)
    {
        lock (_gate)
        {
            _neighbourly.Clear();
            (_appended, _neighbourlyStart, _horizon, _position) = (0, 0, upTo, upTo);
            foreach (var (name, key) in _keys.ToList())
            {
                key.Last = default;
                key.Signal(upTo);
                DropIfUnused(name, key);
            }
        }
    }

    private static bool IsNeighbourly(ChangeKind kind) => kind is ChangeKind.DeviceList or ChangeKind.Presence;

    private void Append(Change change)
    {
        if (_appended >= _ring.Length)
            Drop(At(_appended - _ring.Length));
        _ring[_appended % _ring.Length] = change;
        _appended++;
        _position = change.Position;
        if (!_keys.TryGetValue(change.Key, out var key))
            _keys.Add(change.Key, key = new Key());
        key.Last[(int)change.Kind] = change.Position;
        key.Signal(change.Position);
        if (IsNeighbourly(change.Kind))
            _neighbourly.Add(change);
    }

    private void Drop(Change oldest)
    {
        _horizon = oldest.Position;
        while (_neighbourlyStart < _neighbourly.Count && _neighbourly[_neighbourlyStart].Position <= oldest.Position)
            _neighbourlyStart++;
        if (_neighbourlyStart > _neighbourly.Count / 2)
        {
            _neighbourly.RemoveRange(0, _neighbourlyStart);
            _neighbourlyStart = 0;
        }

        var key = _keys[oldest.Key];
        if (key.Last[(int)oldest.Kind] == oldest.Position)
            key.Last[(int)oldest.Kind] = 0;
        DropIfUnused(oldest.Key, key);
    }

    private void Add(string name, ChangeWatcher watcher)
    {
        if (!_keys.TryGetValue(name, out var key))
            _keys.Add(name, key = new Key());
        key.Watchers.Add(watcher);
        watcher.Signal(key.Newest);
    }

    private void Remove(string name, ChangeWatcher watcher)
    {
        var key = _keys[name];
        key.Watchers.Remove(watcher);
        DropIfUnused(name, key);
    }

    private void DropIfUnused(string name, Key key)
    {
        if (key.Watchers.Count == 0 && key.Newest == 0)
            _keys.Remove(name);
    }

    private Change At(long index) => _ring[index % _ring.Length];

    /// <summary>The index of the oldest remembered change after the position.</summary>
    private long FirstAfter(long since)
    {
        var (low, high) = (Math.Max(0, _appended - _ring.Length), _appended);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (At(middle).Position > since)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    private sealed class Key
    {
        public KindPositions Last;
        public HashSet<ChangeWatcher> Watchers { get; } = [];

        public long Newest
        {
            get
            {
                var newest = 0L;
                foreach (var position in (ReadOnlySpan<long>)Last)
                    newest = Math.Max(newest, position);
                return newest;
            }
        }

        public ChangeKinds KindsAfter(long since)
        {
            var kinds = 0;
            for (var kind = 0; kind < KindPositions.Length; kind++)
                kinds |= Last[kind] > since ? 1 << kind : 0;
            return (ChangeKinds)kinds;
        }

        public void Signal(long position)
        {
            foreach (var watcher in Watchers)
                watcher.Signal(position);
        }
    }

    /// <summary>The newest remembered position by <see cref="ChangeKind"/>; 0 for none.</summary>
    [InlineArray(Length)]
    private struct KindPositions
    {
        public const int Length = (int)ChangeKind.Pushers + 1;
        private long _first;
    }
}
