using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.Room.Federation;

/// <param name="EventId">The event id of the path; must be that of the event.</param>
/// <param name="Membership">join, leave or knock.</param>
/// <param name="OmitMembers">The caller wants the state without most members (<c>omit_members</c>).</param>
[GenerateSerializer, Immutable]
public sealed record SignedMembership(
    [property: Id(0)] string Origin, [property: Id(1)] string EventId, [property: Id(2)] string Membership, [property: Id(3)] ReadOnlyMemory<byte> Event,
    [property: Id(4)] bool OmitMembers);

/// <summary>What send_join, send_knock and send_leave answer with.</summary>
/// <param name="Event">The accepted event, signed by this server too if it let a restricted join in.</param>
/// <param name="State">For a join: the state before the event, in the federation format.</param>
/// <param name="StrippedState">For a knock: a JSON array.</param>
/// <param name="ServersInRoom">For a join.</param>
[GenerateSerializer, Immutable]
public sealed record MembershipAccepted(
    [property: Id(0)] ReadOnlyMemory<byte> Event, [property: Id(1)] ImmutableArray<ReadOnlyMemory<byte>> State,
    [property: Id(2)] ImmutableArray<ReadOnlyMemory<byte>> AuthChain, [property: Id(3)] ReadOnlyMemory<byte> StrippedState,
    [property: Id(4)] ImmutableArray<string> ServersInRoom, [property: Id(5)] bool MembersOmitted);
