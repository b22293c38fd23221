using System.Collections.Immutable;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Directory;

/// <summary>What can be found out about a room from outside; key: room id. Reads committed data and holds no state.</summary>
[Alias("IRoomListingGrain"), GrainInterfaceType("IRoomListingGrain")]
public interface IRoomListingGrain : IGrainWithStringKey
{
    /// <summary>True if the room is in the public room list.</summary>
    [Alias("IsPublic")]
    Task<Outcome<bool>> IsPublic();

    /// <summary>
    /// Shows or hides the room in the public room list. Allowed to those who may send m.room.canonical_alias in the room and to server administrators.
    /// </summary>
    [Alias("SetPublic")]
    Task<Outcome<Nothing>> SetPublic(Requester requester, bool isPublic);

    /// <summary>Shows or hides the room in the list of one of an application service's networks.</summary>
    [Alias("SetPublicInNetwork")]
    Task<Outcome<Nothing>> SetPublicInNetwork(string network, bool isPublic);

    /// <summary>The room's local aliases, as a finished response body. M_FORBIDDEN unless the requester is in the room or the room is world-readable.</summary>
    [Alias("Aliases")]
    Task<Outcome<ReadOnlyMemory<byte>>> Aliases(Requester requester);

    /// <summary>room_summary, as a finished response body. M_NOT_FOUND unless the requester (null: not logged in) may know of the room.</summary>
    /// <param name="via">Servers to ask if this server is not in the room.</param>
    [Alias("Summary")]
    Task<Outcome<ReadOnlyMemory<byte>>> Summary(Requester? requester, ImmutableArray<string> via);

    /// <summary>A page of the tree of the space that this room is, as a finished response body.</summary>
    [Alias("Hierarchy")]
    Task<Outcome<ReadOnlyMemory<byte>>> Hierarchy(Requester requester, HierarchyQuery query);

    /// <summary>
    /// The room and its children for another server (S-S API, hierarchy), as a finished response body. M_NOT_FOUND unless that server may know of the room.
    /// </summary>
    [Alias("ServeHierarchy")]
    Task<Outcome<ReadOnlyMemory<byte>>> ServeHierarchy(ServerName origin, bool suggestedOnly);
}

/// <summary>The query of the space hierarchy.</summary>
/// <param name="Limit">Rooms in a page.</param>
/// <param name="MaxDepth">How far below the root to go; null: as far as the server allows.</param>
/// <param name="From">The token of an earlier page.</param>
[GenerateSerializer, Immutable, Alias("HierarchyQuery")]
public sealed record HierarchyQuery(
    [property: Id(0)] bool SuggestedOnly, [property: Id(1)] int Limit, [property: Id(2)] int? MaxDepth, [property: Id(3)] string? From);
