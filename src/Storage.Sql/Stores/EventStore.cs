using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Events, transaction ids and the edges of what is known of a room.</summary>
internal sealed class EventStore(ISqlDatabase database, SearchSql search) : IEventStore
{
    /// <summary>Longest event id there can be; what refers to anything longer refers to nothing, and must not burst an index entry.</summary>
    private const int MaxEventIdBytes = 255;

    public void AppendLive(WriteUnit unit, EventRow row, PositionSlot slot) =>
        Insert(unit, EventStatements.AppendLive, row, slot, 0);

    public void AddHistoric(WriteUnit unit, EventRow row)
    {
        Insert(unit, EventStatements.AddHistoric, row, row.Order?.Anchor, row.Order?.Minor);
        if (row.Order is not null) SearchStore.Enqueue(unit, row.EventId);
    }

    public void Redact(WriteUnit unit, string eventId, ReadOnlyMemory<byte> redactedJson, string redactionEventId)
    {
        unit.Add(EventStatements.Redact, eventId, redactedJson, redactionEventId);
        search.Remove(unit, eventId);
    }

    public void SetState(WriteUnit unit, string eventId, StateNodeId stateBefore, EventStatus status)
    {
        unit.Add(EventStatements.SetState, eventId, stateBefore, (long)status);
        if (status == EventStatus.None) SearchStore.Enqueue(unit, eventId);
        else search.Remove(unit, eventId);
    }

    public void AddPendingRedaction(WriteUnit unit, string targetEventId, string redactionEventId, string roomId) =>
        unit.Add(EventStatements.AddPendingRedaction, SqlText.Key(targetEventId), redactionEventId, roomId);

    public ValueTask<IReadOnlyList<string>> PendingRedactionsAsync(string targetEventId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(EventStatements.PendingRedactions, static row => row.Text(0), cancellationToken, SqlText.Key(targetEventId)).AsReadOnly();

    public async ValueTask<IReadOnlySet<string>> AwaitedAsync(IReadOnlyCollection<string> targetEventIds, CancellationToken cancellationToken = default)
    {
        var keys = targetEventIds.ToLookup(SqlText.Key, StringComparer.Ordinal);
        var found = await database.QueryListAsync(EventStatements.Awaited, static row => row.Text(0), [.. keys.Select(k => k.Key)], cancellationToken)
            .ConfigureAwait(false);
        return found.SelectMany(key => keys[key]).ToHashSet(StringComparer.Ordinal);
    }

    public ValueTask<EventRow?> GetAsync(string eventId, CancellationToken cancellationToken = default) =>
        database.FirstAsync(EventStatements.Get, EventStatements.Read, cancellationToken, eventId);

    public ValueTask<IReadOnlyList<EventRow>> GetManyAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken = default) =>
        database.QueryListAsync(EventStatements.GetMany, EventStatements.Read, eventIds, cancellationToken).AsReadOnly();

    public async ValueTask<IReadOnlySet<string>> ExistingAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken = default) =>
        (await database.QueryListAsync(EventStatements.Existing, static row => row.Text(0), eventIds, cancellationToken).ConfigureAwait(false))
            .ToHashSet(StringComparer.Ordinal);

    public ValueTask<IReadOnlyList<EventRow>> RangeAsync(
        string roomId, HistoryOrder after, HistoryOrder upTo, Direction direction, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            direction == Direction.Backward ? EventStatements.RangeBackward : EventStatements.RangeForward, EventStatements.Read, cancellationToken,
            roomId, after.Anchor, after.Minor, upTo.Anchor, upTo.Minor, limit).AsReadOnly();

    public async ValueTask<ILookup<string, EventRow>> LatestLiveAsync(
        IReadOnlyCollection<string> roomIds, long after, long upTo, int limit, CancellationToken cancellationToken = default)
    {
        var sets = roomIds.Select(roomId => new SqlValue[] { roomId, after, upTo, limit }).ToArray();
        var rows = await database.QueryEachAsync(EventStatements.LatestLive, EventStatements.Read, sets, cancellationToken).ConfigureAwait(false);
        return rows.ToLookup(static row => row.RoomId, StringComparer.Ordinal);
    }

    public ValueTask<IReadOnlyList<EventRow>> RelationsAsync(
        string roomId, string parentId, string? relType, string? type, HistoryOrder after, HistoryOrder upTo, Direction direction, int limit,
        CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            direction == Direction.Backward ? EventStatements.RelationsBackward : EventStatements.RelationsForward, EventStatements.Read, cancellationToken,
            parentId, after.Anchor, after.Minor, upTo.Anchor, upTo.Minor, limit, roomId, relType, type).AsReadOnly();

    public ValueTask<IReadOnlyList<EventRow>> AnnotationsAsync(
        string roomId, string parentId, string type, string sender, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(EventStatements.Annotations, EventStatements.Read, cancellationToken, parentId, roomId, type, sender, limit).AsReadOnly();

    public async ValueTask<ILookup<string, EventRow>> ChildrenAsync(
        string roomId, IReadOnlyCollection<string> parentIds, HistoryOrder upTo, int limit, CancellationToken cancellationToken = default)
    {
        var sets = parentIds.Select(parentId => new SqlValue[] { parentId, upTo.Anchor, upTo.Minor, roomId, limit }).ToArray();
        var rows = await database.QueryEachAsync(EventStatements.Children, EventStatements.Read, sets, cancellationToken).ConfigureAwait(false);
        return rows.ToLookup(static row => row.RelatesTo!, StringComparer.Ordinal);
    }

    public ValueTask<IReadOnlyList<(string RootId, long NewestAnchor)>> ThreadRootsAsync(
        string roomId, long before, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(EventStatements.ThreadRoots, static row => (row.Text(0), row.Integer(1)), cancellationToken, roomId, before, limit).AsReadOnly();

    public ValueTask<IReadOnlyList<(string EventId, string Type, string StateKey)>> StateEventsFromAsync(
        string roomId, int lowestGeneration, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(EventStatements.StateEventsFrom, static row =>
            (row.Text(0), row.Text(1), row.Text(2)), cancellationToken, roomId, lowestGeneration, limit).AsReadOnly();

    public ValueTask<EventRow?> ByTimestampAsync(string roomId, long timestamp, Direction direction, CancellationToken cancellationToken = default) =>
        database.FirstAsync(
            direction == Direction.Backward ? EventStatements.ByTimestampBackward : EventStatements.ByTimestampForward, EventStatements.Read, cancellationToken,
            roomId, timestamp);

    public ValueTask<IReadOnlyList<string>> BackwardExtremitiesAsync(string roomId, long anchor, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(EventStatements.BackwardExtremities, static row => row.Text(0), cancellationToken, roomId, anchor, limit).AsReadOnly();

    public async ValueTask<long?> FindGapAsync(
        string roomId, HistoryOrder after, HistoryOrder upTo, Direction direction, CancellationToken cancellationToken = default)
    {
        var found = await database.QueryAsync(
            direction == Direction.Backward ? EventStatements.GapBackward : EventStatements.GapForward, static row => row.Integer(0), cancellationToken,
            roomId, after.Anchor, upTo.Anchor).ConfigureAwait(false);
        return found is [var anchor] ? anchor : null;
    }

    public async ValueTask<IReadOnlySet<string>> MissingAsync(
        string roomId, IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken = default) =>
        (await database.QueryListAsync(EventStatements.Missing, static row => row.Text(0), eventIds, cancellationToken, roomId).ConfigureAwait(false))
            .ToHashSet(StringComparer.Ordinal);

    public async ValueTask<IReadOnlyDictionary<string, EventRow>> BehindGapsAsync(
        string roomId, IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken = default)
    {
        var gaps = await database.QueryListAsync(
            EventStatements.GapsOf, static row => (EventId: row.Text(0), Anchor: row.Integer(1)), eventIds, cancellationToken, roomId).ConfigureAwait(false);
        var behind = new Dictionary<string, EventRow>(StringComparer.Ordinal);
        foreach (var gap in gaps.GroupBy(static g => g.Anchor, static g => g.EventId))
        {
            if (await database.FirstAsync(EventStatements.At, EventStatements.Read, cancellationToken, roomId, gap.Key).ConfigureAwait(false) is not { } row)
                continue;
            foreach (var eventId in gap) behind[eventId] = row;
        }
        return behind;
    }

    public void AddBackwardExtremities(WriteUnit unit, string roomId, IReadOnlyCollection<string> eventIds, PositionSlot anchor) =>
        AddBackwardExtremities(unit, roomId, eventIds, (SqlValue)anchor);

    public void AddBackwardExtremities(WriteUnit unit, string roomId, IReadOnlyCollection<string> eventIds, long anchor) =>
        AddBackwardExtremities(unit, roomId, eventIds, (SqlValue)anchor);

    public void RemoveBackwardExtremities(WriteUnit unit, string roomId, IReadOnlyCollection<string> eventIds)
    {
        foreach (var eventId in eventIds) unit.Add(EventStatements.RemoveBackwardExtremity, roomId, eventId);
    }

    public void AddDetached(WriteUnit unit, string roomId, string eventId) => unit.Add(EventStatements.AddDetached, roomId, eventId);

    public void RemoveDetached(WriteUnit unit, string roomId, string eventId) => unit.Add(EventStatements.RemoveDetached, roomId, eventId);

    public ValueTask<IReadOnlyList<string>> DetachedAsync(string roomId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(EventStatements.Detached, static row => row.Text(0), cancellationToken, roomId).AsReadOnly();

    public void Displace(WriteUnit unit, string eventId)
    {
        unit.Add(EventStatements.Displace, eventId);
        search.Remove(unit, eventId);
    }

    public void AddTransaction(WriteUnit unit, string userId, string deviceId, string scope, string transactionId, string eventId, long timestamp) =>
        unit.Add(EventStatements.AddTransaction, TransactionKey(userId, deviceId, scope, transactionId), eventId, timestamp);

    public async ValueTask<string?> FindTransactionAsync(
        string userId, string deviceId, string scope, string transactionId, CancellationToken cancellationToken = default) =>
        await database.FirstAsync(
            EventStatements.FindTransaction, static row => row.Text(0), cancellationToken, TransactionKey(userId, deviceId, scope, transactionId))
            .ConfigureAwait(false);

    public async Task PruneTransactionsAsync(long before, CancellationToken cancellationToken = default)
    {
        // No index by time, which every send would pay for: this walks the table in the order of its key.
        const int most = 2000;
        List<(ReadOnlyMemory<byte> Key, long Timestamp)> page;
        ReadOnlyMemory<byte> last = default;
        do
        {
            page = await database.QueryAsync(
                EventStatements.TransactionsAfter, static row => ((ReadOnlyMemory<byte>)row.Blob(0), row.Integer(1)), cancellationToken, last, most)
                .ConfigureAwait(false);
            var unit = new WriteUnit();
            foreach (var (key, timestamp) in page)
            {
                if (timestamp < before) unit.Add(EventStatements.DeleteTransaction, key);
                last = key;
            }
            if (!unit.IsEmpty) await database.CommitAsync(unit).ConfigureAwait(false);
        }
        while (page.Count == most);
    }

    private static void AddBackwardExtremities(WriteUnit unit, string roomId, IReadOnlyCollection<string> eventIds, SqlValue anchor)
    {
        foreach (var eventId in eventIds.Where(static eventId => eventId.Length <= MaxEventIdBytes))
            unit.Add(EventStatements.AddBackwardExtremity, roomId, eventId, anchor);
    }

    // One short key, whatever clients choose: an index of narrow rows costs a send less than one of texts, and takes texts of any length.
    private static ReadOnlyMemory<byte> TransactionKey(params ReadOnlySpan<string> parts)
    {
        const int KeyBytes = 16;
        const int PrefixBytes = sizeof(int);
        var size = 0;
        foreach (var part in parts) size += PrefixBytes + (part.Length * sizeof(char));
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        var rest = buffer.AsSpan(0, size);
        foreach (var part in parts)
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, part.Length);
            MemoryMarshal.AsBytes(part.AsSpan()).CopyTo(rest[PrefixBytes..]);
            rest = rest[(PrefixBytes + (part.Length * sizeof(char)))..];
        }
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(buffer.AsSpan(0, size), hash);
        ArrayPool<byte>.Shared.Return(buffer);
        return hash[..KeyBytes].ToArray();
    }

    private static void Insert(WriteUnit unit, Statement statement, EventRow row, SqlValue anchor, SqlValue minor)
    {
        var relatesTo = row.RelatesTo is { Length: > 0 and <= MaxEventIdBytes } ? row.RelatesTo : null;
        unit.Add(
            statement, row.EventId, row.RoomId, anchor, minor, row.Depth, row.OriginServerTs, row.Type, row.StateKey, row.Sender, (long)row.Status,
            row.StateBefore, row.Json,
            row.RedactedBy, row.DeviceId, row.TransactionId, relatesTo, relatesTo is null ? null : row.RelType, row.AuthGeneration);
    }
}
