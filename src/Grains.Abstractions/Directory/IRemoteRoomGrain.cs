using System.Collections.Immutable;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Directory;

/// <summary>What other servers tell of a room that this server is not in, kept for a short time. Key: the room id.</summary>
[Alias("IRemoteRoomGrain"), GrainInterfaceType("IRemoteRoomGrain")]
public interface IRemoteRoomGrain : IGrainWithStringKey
{
    /// <summary>
    /// The room and its children as the first of the servers that knows it tells them (S-S API, <c>hierarchy</c>): its response body. M_NOT_FOUND if none does.
    /// </summary>
    [Alias("Hierarchy")]
    Task<Outcome<ReadOnlyMemory<byte>>> Hierarchy(ImmutableArray<string> via, bool suggestedOnly);

    /// <summary>As <see cref="Hierarchy"/>, for a further page of a walk: servers that lately refused to tell are not asked again.</summary>
    [Alias("HierarchyGoesOn")]
    Task<Outcome<ReadOnlyMemory<byte>>> HierarchyGoesOn(ImmutableArray<string> via, bool suggestedOnly);
}
