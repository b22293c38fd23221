using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Directory;

/// <summary>A room alias; key: the alias. Local aliases are kept here, others are asked for at their server.</summary>
[Alias("IRoomAliasGrain"), GrainInterfaceType("IRoomAliasGrain")]
public interface IRoomAliasGrain : IGrainWithStringKey
{
    /// <summary>Points the alias to a room that the requester is in. 409 M_UNKNOWN if it is taken.</summary>
    [Alias("Create")]
    Task<Outcome<Nothing>> Create(Requester requester, RoomId roomId);

    /// <summary>The room that the alias points to. M_NOT_FOUND if there is none.</summary>
    [AlwaysInterleave]
    [Alias("Resolve")]
    Task<Outcome<RoomAliasTarget>> Resolve();

    /// <summary>
    /// Removes the alias, and from the room's m.room.canonical_alias too if the requester may change that. Allowed to the alias's creator, to those who may
    /// send m.room.canonical_alias in the room, and to server administrators.
    /// </summary>
    [Alias("Delete")]
    Task<Outcome<Nothing>> Delete(Requester requester);
}

/// <summary>What an alias points to.</summary>
/// <param name="Servers">Servers that are in the room, this one first if it is.</param>
[GenerateSerializer, Immutable, Alias("RoomAliasTarget")]
public sealed record RoomAliasTarget([property: Id(0)] string RoomId, [property: Id(1)] ImmutableArray<string> Servers);
