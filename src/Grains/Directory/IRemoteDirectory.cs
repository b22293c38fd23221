using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Directory;

/// <summary>Asks other servers about their rooms.</summary>
public interface IRemoteDirectory
{
    /// <summary>S-S API, <c>query/directory</c>.</summary>
    Task<Outcome<RoomAliasTarget>> ResolveAsync(string server, string alias);

    /// <summary>S-S API, <c>publicRooms</c>: gives the response body.</summary>
    Task<Outcome<ReadOnlyMemory<byte>>> ListPublicRoomsAsync(string server, PublicRoomsQuery query);

    /// <summary>S-S API, <c>hierarchy</c>: gives the response body.</summary>
    Task<Outcome<ReadOnlyMemory<byte>>> HierarchyAsync(string server, string roomId, bool suggestedOnly);
}
