using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.User;

/// <summary>A receipt that the user sets.</summary>
/// <param name="Type"><c>m.read</c>, <c>m.read.private</c> or <c>m.fully_read</c>.</param>
/// <param name="ThreadId">Null: unthreaded; <c>main</c>; or the thread root's event id.</param>
[GenerateSerializer, Immutable, Alias("ReceiptToSet")]
public sealed record ReceiptToSet(
    [property: Id(0)] RoomId RoomId, [property: Id(1)] string Type, [property: Id(2)] EventId EventId, [property: Id(3)] string? ThreadId);

/// <summary>A receipt of another server's user.</summary>
/// <param name="ThreadId">Empty: unthreaded; <c>main</c>; or the thread root's event id.</param>
/// <param name="Timestamp">Milliseconds since the epoch.</param>
[GenerateSerializer, Immutable, Alias("ReceivedReceipt")]
public sealed record ReceivedReceipt(
    [property: Id(0)] string RoomId, [property: Id(1)] string ThreadId, [property: Id(2)] string EventId, [property: Id(3)] long Timestamp);
