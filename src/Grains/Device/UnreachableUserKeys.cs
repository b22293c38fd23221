using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Device;

/// <summary>Stands in where there is no federation: no other server can be reached.</summary>
public sealed class UnreachableUserKeys : IRemoteUserKeys
{
    public Task<Outcome<ReadOnlyMemory<byte>>> QueryAsync(string server, ReadOnlyMemory<byte> body, TimeSpan timeout) => Unreachable();

    public Task<Outcome<ReadOnlyMemory<byte>>> ClaimAsync(string server, ReadOnlyMemory<byte> body, TimeSpan timeout) => Unreachable();

    private static Task<Outcome<ReadOnlyMemory<byte>>> Unreachable() =>
        Task.FromResult<Outcome<ReadOnlyMemory<byte>>>(MatrixError.Unknown("The server cannot be reached", 503));
}
