using System.Collections.Concurrent;
using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>
/// The newest events of the rooms that users of this silo sync, so that what many wait for is read once: kept until the room changes, and who wants the same
/// while it is being read waits for it. One per silo, thread-safe.
/// </summary>
internal sealed class RoomTails(ChangeHub hub, IEventStore events, IPartialRoomStore partialRooms)
{
    private const long MaxBytes = 16 << 20;
    private readonly LruCache<string, RoomTail> _tails = new(MaxBytes, static tail => tail.Weight, StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Reading> _readings = new(StringComparer.Ordinal);

    /// <summary>For each room a tail that covers (<paramref name="since"/>, <paramref name="upTo"/>], a position that the hub has reached.</summary>
    public async ValueTask<IReadOnlyDictionary<string, RoomTail>> GetAsync(IReadOnlyCollection<string> roomIds, long since, long upTo, int limit)
    {
        var found = new Dictionary<string, RoomTail>(roomIds.Count, StringComparer.Ordinal);
        if (roomIds.Count == 0)
            return found;
        List<string>? missing = null;
        List<(string RoomId, Reading Reading)>? waiting = null;
        var changed = hub.LastChanges(roomIds, ChangeKind.RoomEvent);
        foreach (var roomId in roomIds)
        {
            if (_tails.TryGet(roomId, out var tail) && tail.ReadAt >= changed[roomId] && tail.Covers(since, upTo, limit))
                found[roomId] = tail;
            else if (_readings.TryGetValue(roomId, out var reading) && reading.UpTo >= changed[roomId] && reading.Since <= since && reading.Limit >= limit)
                (waiting ??= []).Add((roomId, reading));
            else
                (missing ??= []).Add(roomId);
        }

        if (missing is not null)
            await ReadAsync(missing, new Reading(since, upTo, limit), found);
        missing = null;
        foreach (var (roomId, reading) in waiting ?? [])
        {
            var tail = (await reading.Tails)[roomId];
            if (tail.Covers(since, upTo, limit))
                found[roomId] = tail;
            else
                (missing ??= []).Add(roomId);
        }

        if (missing is not null)
            await ReadAsync(missing, new Reading(since, upTo, limit), found);
        return found;
    }

    private async ValueTask ReadAsync(List<string> roomIds, Reading reading, Dictionary<string, RoomTail> found)
    {
        foreach (var roomId in roomIds)
            _readings[roomId] = reading;
        try
        {
            // For all who want it, so not ended with the sync that began it.
            var tails = await reading.RunAsync(events, partialRooms, [.. roomIds]);
            foreach (var (roomId, tail) in tails)
            {
                _tails.Set(roomId, tail);
                found[roomId] = tail;
            }
        }
        finally
        {
            foreach (var roomId in roomIds)
                _readings.TryRemove(new KeyValuePair<string, Reading>(roomId, reading));
        }
    }

    /// <summary>A read that is under way.</summary>
    private sealed class Reading(long since, long upTo, int limit)
    {
        private readonly TaskCompletionSource<IReadOnlyDictionary<string, RoomTail>> _tails = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Since => since;
        public long UpTo => upTo;
        public int Limit => limit;

        /// <summary>What was read, by room.</summary>
        public Task<IReadOnlyDictionary<string, RoomTail>> Tails => _tails.Task;

        public async Task<IReadOnlyDictionary<string, RoomTail>> RunAsync(IEventStore events, IPartialRoomStore partialRooms, string[] roomIds)
        {
            try
            {
                var reading = events.LatestLiveAsync(roomIds, since, upTo, limit).AsTask();
                var ends = await partialRooms.EndsAsync(roomIds);
                var rows = await reading;
                var tails = roomIds.ToDictionary(
                    roomId => roomId, roomId => Tail([.. rows[roomId].OrderByDescending(row => row.Position)], ends.GetValueOrDefault(roomId)),
                    StringComparer.Ordinal);
                _tails.SetResult(tails);
                return tails;
            }
            catch (Exception fault)
            {
                // Thrown to who began it, also if nobody waits for it.
                _tails.SetException(fault);
                _ = _tails.Task.Exception;
                throw;
            }
        }

        private RoomTail Tail(EventRow[] newest, long partialUntil) =>
            new(newest, newest.Length < limit ? since : newest[^1].Position - 1, upTo, partialUntil);
    }
}
