namespace OrleansMatrix.Storage;

/// <summary>How the room pipeline judged an event. An accepted live event has none of the flags.</summary>
[Flags]
public enum EventStatus
{
    None = 0,
    /// <summary>Known, but not placed in the room's history (no state before it is known).</summary>
    Outlier = 1,
    /// <summary>Failed the authorization rules; never shown to clients.</summary>
    Rejected = 2,
    /// <summary>Allowed by its auth events, not by the current state; not shown to clients, no extremity.</summary>
    SoftFailed = 4,
}

/// <summary>
/// Where an event stands in the room's history as this server shows it. Live events stand at (own position, 0) in the order of arrival. Events fetched later to
/// fill the gap before the live event at position p stand at (p, -1), (p, -2) … going back in time. Events fetched by themselves from before all that is here
/// have anchors below 0, where there are no positions.
/// </summary>
public readonly record struct HistoryOrder(long Anchor, long Minor) : IComparable<HistoryOrder>
{
    public static readonly HistoryOrder Start = new(long.MinValue, 0);
    public static readonly HistoryOrder End = new(long.MaxValue, 0);
    public int CompareTo(HistoryOrder other) => Anchor != other.Anchor ? Anchor.CompareTo(other.Anchor) : Minor.CompareTo(other.Minor);
    public static bool operator <(HistoryOrder left, HistoryOrder right) => left.CompareTo(right) < 0;
    public static bool operator >(HistoryOrder left, HistoryOrder right) => left.CompareTo(right) > 0;
    public static bool operator <=(HistoryOrder left, HistoryOrder right) => left.CompareTo(right) <= 0;
    public static bool operator >=(HistoryOrder left, HistoryOrder right) => left.CompareTo(right) >= 0;
}

/// <summary>An event as stored. Append-only but for redaction and for an outlier finding its place.</summary>
public sealed record EventRow
{
    /// <summary>A live event's place in the server's stream; 0 for other events and before the commit.</summary>
    public long Position { get; init; }
    public required string EventId { get; init; }
    public required string RoomId { get; init; }
    public required string Type { get; init; }
    public string? StateKey { get; init; }
    public required string Sender { get; init; }
    public required long Depth { get; init; }
    /// <summary>origin_server_ts, milliseconds since the epoch as the sender claims.</summary>
    public required long OriginServerTs { get; init; }
    public EventStatus Status { get; init; }
    /// <summary>Place in history; null for outliers and rejected events, which have none.</summary>
    public HistoryOrder? Order { get; init; }
    /// <summary>Root of the state before the event; null where it is not known.</summary>
    public StateNodeId? StateBefore { get; init; }
    /// <summary>Federation form, canonical JSON (redacted form once <see cref="RedactedBy"/> is set).</summary>
    public required ReadOnlyMemory<byte> Json { get; init; }
    /// <summary>
    /// Of a state event: one more than the largest of its auth events' generations, the create event's being 1; null where that is not known.
    /// </summary>
    public int? AuthGeneration { get; init; }
    /// <summary>The event id of the redaction that took effect, if any.</summary>
    public string? RedactedBy { get; init; }
    /// <summary>Local sender's device and transaction id, for <c>unsigned.transaction_id</c>.</summary>
    public string? DeviceId { get; init; }
    public string? TransactionId { get; init; }
    /// <summary>m.relates_to: parent event id and rel_type, if any.</summary>
    public string? RelatesTo { get; init; }
    public string? RelType { get; init; }
}

public enum Direction { Backward, Forward }

public interface IEventStore
{
    /// <summary>
    /// Adds a live event at the end of the room's history: order is (its position, 0), whatever the row's Position and Order say. Replaces an outlier row of
    /// the same id; the commit fails with <see cref="ConflictException"/> if the event is there with a place already.
    /// </summary>
    void AppendLive(WriteUnit unit, EventRow row, PositionSlot slot);

    /// <summary>
    /// Adds an event that is not live: an outlier or rejected one (Order null) or one fetched for a gap (Order set). Replaces an outlier row of the same id (a
    /// redaction of it stays). Does nothing if the event is there already otherwise.
    /// </summary>
    void AddHistoric(WriteUnit unit, EventRow row);

    /// <summary>Replaces the stored JSON by its redacted form. Does nothing if the event is not there.</summary>
    void Redact(WriteUnit unit, string eventId, ReadOnlyMemory<byte> redactedJson, string redactionEventId);

    /// <summary>
    /// Judges an event anew once the state before it is known better; an event's place in history stays. Does nothing if the event is not there.
    /// </summary>
    void SetState(WriteUnit unit, string eventId, StateNodeId stateBefore, EventStatus status);

    /// <summary>Remembers a redaction whose target is not known yet, or finds it: the redaction's event id for the target.</summary>
    void AddPendingRedaction(WriteUnit unit, string targetEventId, string redactionEventId, string roomId);
    ValueTask<IReadOnlyList<string>> PendingRedactionsAsync(string targetEventId, CancellationToken cancellationToken = default);
    /// <summary>Those of the events for which a redaction is remembered.</summary>
    ValueTask<IReadOnlySet<string>> AwaitedAsync(IReadOnlyCollection<string> targetEventIds, CancellationToken cancellationToken = default);

    ValueTask<EventRow?> GetAsync(string eventId, CancellationToken cancellationToken = default);
    /// <summary>Those that exist; order not kept.</summary>
    ValueTask<IReadOnlyList<EventRow>> GetManyAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken = default);
    /// <summary>Those of <paramref name="eventIds"/> that are stored (of any status).</summary>
    ValueTask<IReadOnlySet<string>> ExistingAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken = default);

    /// <summary>
    /// Events with a place in history, soft-failed and rejected left out, strictly between <paramref name="after"/> (exclusive) and <paramref name="upTo"/>
    /// (inclusive); Backward gives the newest first.
    /// </summary>
    ValueTask<IReadOnlyList<EventRow>> RangeAsync(
        string roomId, HistoryOrder after, HistoryOrder upTo, Direction direction, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Like RangeAsync backward for many rooms at once: the newest <paramref name="limit"/> live events of each room with position in (after, upTo].
    /// </summary>
    ValueTask<ILookup<string, EventRow>> LatestLiveAsync(
        IReadOnlyCollection<string> roomIds, long after, long upTo, int limit, CancellationToken cancellationToken = default);

    /// <summary>Children of an event in a relation, with a place in history, in (after, upTo]; null filters match all.</summary>
    ValueTask<IReadOnlyList<EventRow>> RelationsAsync(string roomId, string parentId, string? relType, string? type, HistoryOrder after, HistoryOrder upTo,
        Direction direction, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// The annotations of an event (rel_type m.annotation) by one sender with events of one type that are not redacted, newest first.
    /// </summary>
    ValueTask<IReadOnlyList<EventRow>> AnnotationsAsync(
        string roomId, string parentId, string type, string sender, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Children of several events in any relation, with a place in history up to <paramref name="upTo"/>; of each parent the newest <paramref name="limit"/>,
    /// newest first.
    /// </summary>
    ValueTask<ILookup<string, EventRow>> ChildrenAsync(
        string roomId, IReadOnlyCollection<string> parentIds, HistoryOrder upTo, int limit, CancellationToken cancellationToken = default);

    /// <summary>Thread roots of a room by the anchor of their newest m.thread child, newest first, of anchors below <paramref name="before"/>.</summary>
    ValueTask<IReadOnlyList<(string RootId, long NewestAnchor)>> ThreadRootsAsync(
        string roomId, long before, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// The state events of a room, of any status, whose generation is at least the lowest or not known; at most <paramref name="limit"/>, in no order. For
    /// state resolution.
    /// </summary>
    ValueTask<IReadOnlyList<(string EventId, string Type, string StateKey)>> StateEventsFromAsync(
        string roomId, int lowestGeneration, int limit, CancellationToken cancellationToken = default);

    /// <summary>The placed event nearest to a timestamp (ms since epoch), by origin_server_ts; Forward: at or after, Backward: at or before.</summary>
    ValueTask<EventRow?> ByTimestampAsync(string roomId, long timestamp, Direction direction, CancellationToken cancellationToken = default);

    /// <summary>
    /// The missing events that stand before the live event at a position, or the events fetched for the gap there: ids that those name as prev_events and that
    /// have no place in history. They are the edges at which backfill goes on; at most <paramref name="limit"/>.
    /// </summary>
    ValueTask<IReadOnlyList<string>> BackwardExtremitiesAsync(string roomId, long anchor, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// The anchor of the first gap that paging meets in (after, upTo] in the given direction; null for none. A gap with anchor p is behind every event before p
    /// and before every event of anchor p.
    /// </summary>
    ValueTask<long?> FindGapAsync(string roomId, HistoryOrder after, HistoryOrder upTo, Direction direction, CancellationToken cancellationToken = default);

    /// <summary>Those of the events that are backward extremities of the room.</summary>
    ValueTask<IReadOnlySet<string>> MissingAsync(string roomId, IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken = default);

    /// <summary>The events before whose gaps those of the events are missing that are backward extremities: they stand at the gaps' anchors.</summary>
    ValueTask<IReadOnlyDictionary<string, EventRow>> BehindGapsAsync(
        string roomId, IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken = default);

    /// <summary>Remembers missing events that a live event of this unit follows. One that is missing before an older event already stays there.</summary>
    void AddBackwardExtremities(WriteUnit unit, string roomId, IReadOnlyCollection<string> eventIds, PositionSlot anchor);
    /// <inheritdoc cref="AddBackwardExtremities(WriteUnit, string, IReadOnlyCollection{string}, PositionSlot)"/>
    void AddBackwardExtremities(WriteUnit unit, string roomId, IReadOnlyCollection<string> eventIds, long anchor);
    void RemoveBackwardExtremities(WriteUnit unit, string roomId, IReadOnlyCollection<string> eventIds);

    /// <summary>Remembers an event that was fetched by itself and that no event of the history follows.</summary>
    void AddDetached(WriteUnit unit, string roomId, string eventId);
    void RemoveDetached(WriteUnit unit, string roomId, string eventId);
    ValueTask<IReadOnlyList<string>> DetachedAsync(string roomId, CancellationToken cancellationToken = default);

    /// <summary>Takes an event's place in history away: it is an outlier again, and can be put where it belongs.</summary>
    void Displace(WriteUnit unit, string eventId);

    /// <summary>
    /// Records that a device's transaction made this event; the commit fails with <see cref="ConflictException"/> if the transaction id was used before.
    /// </summary>
    void AddTransaction(WriteUnit unit, string userId, string deviceId, string scope, string transactionId, string eventId, long timestamp);
    /// <summary>The event that the transaction made, if it was used before.</summary>
    ValueTask<string?> FindTransactionAsync(string userId, string deviceId, string scope, string transactionId, CancellationToken cancellationToken = default);
    /// <summary>Forgets transactions older than <paramref name="before"/> (ms since epoch).</summary>
    Task PruneTransactionsAsync(long before, CancellationToken cancellationToken = default);
}
