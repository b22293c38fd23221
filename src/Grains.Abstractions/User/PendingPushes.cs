using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.User;

/// <summary>What a user's push gateways are to be told next.</summary>
/// <param name="Items">The oldest first.</param>
/// <param name="UpTo">The position of the stream up to which there are no others.</param>
/// <param name="HasMore">There are others behind it.</param>
/// <param name="Unread">The badge: rooms with unread notifications, and invitations.</param>
[GenerateSerializer, Immutable, Alias("PendingPushes")]
public sealed record PendingPushes(
    [property: Id(0)] ImmutableArray<PendingPush> Items, [property: Id(1)] long UpTo, [property: Id(2)] bool HasMore, [property: Id(3)] int Unread);

/// <summary>An event that notifies the user.</summary>
/// <param name="Position">Its position in the stream.</param>
/// <param name="Event">
/// The members of the notification that are about the event (Push Gateway API, <c>notify</c>), as a JSON object: <c>event_id</c>, <c>room_id</c>, <c>type</c>,
/// <c>sender</c>, <c>sender_display_name</c>, <c>room_name</c>, <c>content</c> and, for membership, <c>user_is_target</c> and <c>membership</c>.
/// </param>
/// <param name="Tweaks">A JSON object.</param>
/// <param name="IsHigh">The priority.</param>
[GenerateSerializer, Immutable, Alias("PendingPush")]
public sealed record PendingPush(
    [property: Id(0)] long Position, [property: Id(1)] string EventId, [property: Id(2)] string RoomId, [property: Id(3)] ReadOnlyMemory<byte> Event,
    [property: Id(4)] ReadOnlyMemory<byte> Tweaks, [property: Id(5)] bool IsHigh);
