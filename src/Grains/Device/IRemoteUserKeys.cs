using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Device;

/// <summary>Asks other servers for their users' keys. An error means that the server could not be reached; it is listed under <c>failures</c>.</summary>
public interface IRemoteUserKeys
{
    /// <summary>S-S API, <c>POST user/keys/query</c>: takes and gives its request and response bodies.</summary>
    Task<Outcome<ReadOnlyMemory<byte>>> QueryAsync(string server, ReadOnlyMemory<byte> body, TimeSpan timeout);

    /// <summary>S-S API, <c>POST user/keys/claim</c>: takes and gives its request and response bodies.</summary>
    Task<Outcome<ReadOnlyMemory<byte>>> ClaimAsync(string server, ReadOnlyMemory<byte> body, TimeSpan timeout);
}
