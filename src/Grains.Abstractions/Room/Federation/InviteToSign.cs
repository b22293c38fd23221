using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Room.Federation;

/// <param name="Origin">The inviting server.</param>
/// <param name="EventId">The event id of the path; must be that of the event.</param>
/// <param name="RoomState">Events that tell what room it is, as the inviting server gave them: a JSON array.</param>
[GenerateSerializer, Immutable, Alias("InviteToSign")]
public sealed record InviteToSign(
    [property: Id(0)] ServerName Origin, [property: Id(1)] EventId EventId, [property: Id(2)] string RoomVersion, [property: Id(3)] ReadOnlyMemory<byte> Event,
    [property: Id(4)] ReadOnlyMemory<byte> RoomState);
