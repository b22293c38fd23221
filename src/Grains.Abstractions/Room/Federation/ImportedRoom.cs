using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.Room.Federation;

/// <summary>A room as a resident server gave it in answer to send_join.</summary>
/// <param name="Origin">The resident server.</param>
/// <param name="JoinEvent">The local user's join.</param>
/// <param name="State">The state before the join.</param>
[GenerateSerializer, Immutable]
public sealed record ImportedRoom(
    [property: Id(0)] string Origin, [property: Id(1)] string RoomVersion, [property: Id(2)] ReadOnlyMemory<byte> JoinEvent,
    [property: Id(3)] ImmutableArray<ReadOnlyMemory<byte>> State, [property: Id(4)] ImmutableArray<ReadOnlyMemory<byte>> AuthChain);
