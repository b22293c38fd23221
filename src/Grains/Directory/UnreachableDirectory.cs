using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Directory;

/// <summary>Stands in where there is no federation: no other server can be reached.</summary>
public sealed class UnreachableDirectory : IRemoteDirectory
{
    public Task<Outcome<RoomAliasTarget>> ResolveAsync(string server, string alias) =>
        Task.FromResult<Outcome<RoomAliasTarget>>(MatrixError.NotFound($"The server of {alias} cannot be reached"));

    public Task<Outcome<ReadOnlyMemory<byte>>> ListPublicRoomsAsync(string server, PublicRoomsQuery query) =>
        Task.FromResult<Outcome<ReadOnlyMemory<byte>>>(MatrixError.Unknown($"The server {server} cannot be reached", 502));

    public Task<Outcome<ReadOnlyMemory<byte>>> HierarchyAsync(string server, string roomId, bool suggestedOnly) =>
        Task.FromResult<Outcome<ReadOnlyMemory<byte>>>(MatrixError.Unknown($"The server {server} cannot be reached", 502));
}
