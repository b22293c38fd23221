using System.Collections.Immutable;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Room.Federation;

/// <param name="EventId">The event id of the path; must be that of the event.</param>
/// <param name="Membership">join, leave or knock.</param>
[GenerateSerializer, Immutable, Alias("SignedMembership")]
public sealed record SignedMembership(
    [property: Id(0)] ServerName Origin, [property: Id(1)] string EventId, [property: Id(2)] string Membership, [property: Id(3)] ReadOnlyMemory<byte> Event);

/// <summary>What send_join, send_knock and send_leave answer with.</summary>
/// <param name="Event">The accepted event, signed by this server too if it let a restricted join in.</param>
/// <param name="RoomState">For a knock: events that tell what room it is, a JSON array.</param>
/// <param name="ServersInRoom">For a join: the servers in the room before it.</param>
[GenerateSerializer, Immutable, Alias("MembershipAccepted")]
public sealed record MembershipAccepted(
    [property: Id(0)] ReadOnlyMemory<byte> Event, [property: Id(1)] ReadOnlyMemory<byte> RoomState, [property: Id(2)] ImmutableArray<string> ServersInRoom);
