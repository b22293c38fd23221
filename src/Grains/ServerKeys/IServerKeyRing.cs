using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Grains.ServerKeys;

/// <summary>The keys of servers, this one's included. It may ask remote servers, so it is never awaited while a room's turn is held.</summary>
public interface IServerKeyRing
{
    /// <summary>The server's key of that id, or null if it cannot be had.</summary>
    /// <param name="server">Server name.</param>
    /// <param name="keyId">Key id, e.g. <c>ed25519:a_1</c>.</param>
    /// <param name="neededAt">Milliseconds since the epoch: a known key that is not valid then is worth asking for again.</param>
    ValueTask<ServerVerifyKey?> FindAsync(string server, string keyId, long neededAt, CancellationToken cancellationToken = default);
}
