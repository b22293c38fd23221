using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Push;

/// <summary>
/// Wakes the pushers of a room's users after a commit of the room, beside the sender's way: a commit costs a look at a table, and nothing where nobody has a
/// pusher. Only the wake goes this way: where each pusher is in the stream is stored, so a wake that is lost with its silo is made up for by who looks for
/// unfinished work (ADR 0140). One per silo.
/// </summary>
public sealed partial class PushSignals : IAsyncDisposable
{
    private readonly IStorage _storage;
    private readonly IGrainFactory _grains;
    private readonly ILogger<PushSignals> _logger;
    private readonly ConcurrentDictionary<string, bool> _users = new(StringComparer.Ordinal);
    private readonly ConditionalWeakTable<ActiveRoom, UsersOfRoom> _rooms = [];
    private readonly Channel<ActiveRoom> _changed = Channel.CreateUnbounded<ActiveRoom>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Task _loop;
    private Task? _loading;
    private int _version;

    public PushSignals(IStorage storage, IGrainFactory grains, ILogger<PushSignals> logger)
    {
        (_storage, _grains, _logger) = (storage, grains, logger);
        _loop = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _changed.Writer.TryComplete();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    /// <summary>Whether a user has pushers, as this silo knows it.</summary>
    public async ValueTask<bool> HasPushersAsync(string userId)
    {
        await ReadyAsync();
        return _users.ContainsKey(userId);
    }

    /// <summary>The room has committed events.</summary>
    /// <param name="membersChanged">Some of them changed who is in it or invited to it.</param>
    internal void Tell(ActiveRoom room, bool membersChanged)
    {
        if (_loading is { IsCompletedSuccessfully: true } && _users.IsEmpty)
            return;
        var users = _rooms.GetValue(room, static _ => new UsersOfRoom());
        if (membersChanged)
            users.Version = -1;
        if (!users.IsWaiting)
        {
            users.IsWaiting = true;
            _changed.Writer.TryWrite(room);
        }
    }

    /// <summary>The user has an invitation of a room that is not here.</summary>
    public async ValueTask TellAsync(string userId)
    {
        if (await HasPushersAsync(userId))
            await _grains.GetGrain<IPusherGrain>(userId).Wake();
    }

    private async Task RunAsync()
    {
        await foreach (var room in _changed.Reader.ReadAllAsync(_stop.Token))
        {
            var users = _rooms.GetValue(room, static _ => new UsersOfRoom());
            users.IsWaiting = false;
            try
            {
                await ReadyAsync();
                if (_users.IsEmpty)
                    continue;
                foreach (var userId in await UsersAsync(room.RoomId, users))
                    await _grains.GetGrain<IPusherGrain>(userId).Wake();
            }
            catch (Exception fault) when (!_stop.IsCancellationRequested)
            {
                LogNotWoken(_logger, room.RoomId, fault);
            }
        }
    }

    // What changes while they are read is read again the next time.
    private async ValueTask<IReadOnlyList<string>> UsersAsync(string roomId, UsersOfRoom users)
    {
        var version = Volatile.Read(ref _version);
        if (users.Version == version)
            return users.Ids;
        users.Version = version;
        try
        {
            return users.Ids = await _storage.Pushers.UsersInRoomAsync(roomId, _stop.Token);
        }
        catch
        {
            users.Version = -1;
            throw;
        }
    }

    private Task ReadyAsync()
    {
        if (_loading is { IsCompletedSuccessfully: true } loaded)
            return loaded;
        lock (_gate)
        {
            if (_loading is not { IsFaulted: false, IsCanceled: false })
                _loading = LoadAsync(subscribe: _loading is null);
            return _loading;
        }
    }

    private async Task LoadAsync(bool subscribe)
    {
        if (subscribe)
            _storage.Feed.Subscribe(OnChanges, OnLost);
        foreach (var userId in await _storage.Pushers.UsersAsync(_stop.Token))
            _users[userId] = true;
        Interlocked.Increment(ref _version);
    }

    private void OnLost(long upTo)
    {
        lock (_gate)
            _loading = LoadAsync(subscribe: false);
    }

    // A user who has no pushers any more is woken for nothing, until this silo starts anew.
    private void OnChanges(ReadOnlyMemory<Change> batch)
    {
        foreach (var change in batch.Span)
        {
            if (change.Kind == ChangeKind.Pushers && _users.TryAdd(change.Key, true))
                Interlocked.Increment(ref _version);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The pushers of {RoomId} were not woken; they go on with the next event")]
    private static partial void LogNotWoken(ILogger logger, string roomId, Exception fault);

    private sealed class UsersOfRoom
    {
        private volatile bool _isWaiting;
        private volatile int _version = -1;

        /// <summary>The room is in the channel.</summary>
        public bool IsWaiting { get => _isWaiting; set => _isWaiting = value; }

        /// <summary>Of the set of users for which <see cref="Ids"/> were read; -1: not, or the room's members have changed.</summary>
        public int Version { get => _version; set => _version = value; }

        public IReadOnlyList<string> Ids { get; set; } = [];
    }
}
