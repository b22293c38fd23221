namespace OrleansMatrix.Storage;

/// <summary>What waits for a remote server.</summary>
public enum OutboxKind
{
    /// <summary>An event, by its id; topic: its room.</summary>
    Pdu = 0,
    /// <summary>A typing notice or receipt as a whole EDU; topic: its room. Dropped where the queue is too long.</summary>
    Ephemeral = 1,
    /// <summary>A local user's presence as it is when it is sent; topic: the user. Dropped where the queue is too long.</summary>
    Presence = 2,
    /// <summary>Messages for devices as a whole EDU.</summary>
    ToDevice = 3,
    /// <summary>A device of a local user as it is when it is sent; topic: the user, body: the device id.</summary>
    Device = 4,
    /// <summary>A local user's cross-signing keys as they are when they are sent; topic: the user.</summary>
    CrossSigning = 5,
    /// <summary>
    /// The server has come into a room, or a local user whose id is the body; topic: the room. Tells the server of the devices that it does not know of, and
    /// of the presence of who came, or of all who are there.
    /// </summary>
    Neighbours = 6,
}

/// <summary>Something to queue.</summary>
/// <param name="Topic">What it is about, as <see cref="OutboxKind"/> says.</param>
/// <param name="EventId">The event of a PDU.</param>
/// <param name="Body">The EDU or what its kind says.</param>
public sealed record OutboxItem(OutboxKind Kind, string Topic, string? EventId = null, ReadOnlyMemory<byte>? Body = null);

/// <summary>Something that waits for a remote server.</summary>
public sealed record OutboxRow(string Destination, long Position, OutboxItem Item)
{
    public OutboxKind Kind => Item.Kind;
    public string Topic => Item.Topic;
    public string? EventId => Item.EventId;
    public ReadOnlyMemory<byte>? Body => Item.Body;
}

/// <summary>The newest event of a room that a server has not been sent, in place of a queue of them.</summary>
public sealed record UnsentRoom(string RoomId, string EventId, long Position);

/// <summary>The queues for remote servers.</summary>
public interface IOutboxStore
{
    /// <summary>Queues for each destination at one position, in the unit that made the event. One slot queues one thing per destination.</summary>
    void Enqueue(WriteUnit unit, IReadOnlyCollection<string> destinations, OutboxItem item, PositionSlot slot);
    /// <summary>
    /// As <see cref="Enqueue"/>, for an event that is no state event and goes to all servers of a room. Of servers that lack events of the room already
    /// (<see cref="UnsentRoom"/>) nothing is written: however many they are, one row for all of them says which event is the newest.
    /// </summary>
    void EnqueueMessage(WriteUnit unit, IReadOnlyCollection<string> destinations, string roomId, string eventId, PositionSlot slot);
    /// <summary>Queues for each server that shares a room with the user when the unit is committed, the user's own left out.</summary>
    void EnqueueForNeighbours(WriteUnit unit, string userId, OutboxItem item, PositionSlot slot);
    ValueTask<IReadOnlyList<OutboxRow>> QueuedAsync(string destination, long after, int limit, CancellationToken cancellationToken = default);
    void Dequeue(WriteUnit unit, string destination, long upToPosition);
    /// <summary>
    /// Adds a listener, called after each commit on this silo that queued something, with the destinations. It must be quick and must not throw.
    /// </summary>
    void OnQueued(Action<IReadOnlyCollection<string>> listener);
    ValueTask<IReadOnlyList<string>> DestinationsWithQueueAsync(CancellationToken cancellationToken = default);

    /// <summary>How many things are queued, messages for devices left out, and how many of those.</summary>
    ValueTask<(long Others, long ToDevice)> QueueLengthAsync(string destination, CancellationToken cancellationToken = default);
    /// <summary>
    /// Shortens the queue: of the events the newest of each room is kept as an <see cref="UnsentRoom"/>, of devices, cross-signing keys and neighbours the
    /// newest of each topic, of messages for devices the newest <paramref name="maxToDevice"/>; the rest goes. The server has to be told of the devices as if
    /// for the first time.
    /// </summary>
    void Compact(WriteUnit unit, string destination, long upToPosition, long maxToDevice);
    /// <summary>Rooms of which the server lacks events, the newest first, with the newest event that is to be sent to it.</summary>
    ValueTask<IReadOnlyList<UnsentRoom>> UnsentRoomsAsync(string destination, int limit, CancellationToken cancellationToken = default);
    /// <summary>The server has the event; a newer one stays.</summary>
    void ForgetUnsentRoom(WriteUnit unit, string destination, UnsentRoom room);
    /// <summary>Forgets all that waits for a server.</summary>
    void Discard(WriteUnit unit, string destination);
}
