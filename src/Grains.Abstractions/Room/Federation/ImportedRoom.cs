using System.Collections.Immutable;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Room.Federation;

/// <summary>A room as a resident server gave it in answer to send_join; the events are stored here already, as outliers that their auth events allow.</summary>
/// <param name="Origin">The resident server.</param>
/// <param name="JoinEvent">The local user's join.</param>
/// <param name="State">The ids of the events of the state before the join.</param>
/// <param name="LacksMembers">The state lacks members: they are to be filled in later.</param>
/// <param name="Servers">If the state lacks members: the servers in the room.</param>
/// <param name="Members">If the state lacks members: the ids of the member events, where they are known already; default if they are to be asked for.</param>
[GenerateSerializer, Immutable, Alias("ImportedRoom")]
public sealed record ImportedRoom(
    [property: Id(0)] ServerName Origin, [property: Id(1)] string RoomVersion, [property: Id(2)] ReadOnlyMemory<byte> JoinEvent,
    [property: Id(3)] ImmutableArray<string> State,
    [property: Id(4)] bool LacksMembers = false, [property: Id(5)] ImmutableArray<string> Servers = default,
    [property: Id(6)] ImmutableArray<string> Members = default);
