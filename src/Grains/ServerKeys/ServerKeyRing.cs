using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Grains.ServerKeys;

/// <summary>This server's own key, and those of other servers from their grains.</summary>
public sealed class ServerKeyRing(LocalServer self, IGrainFactory grains) : IServerKeyRing
{
    public async ValueTask<ServerVerifyKey?> FindAsync(string server, string keyId, long neededAt, CancellationToken cancellationToken = default)
    {
        if (server == self.Name.Value)
            return keyId == self.Key.KeyId ? new ServerVerifyKey(self.Key.VerifyKey, long.MaxValue, IsOld: false) : null;
        if (!ServerName.IsValid(server) || await grains.GetGrain<IServerKeysGrain>(server).Find(keyId, neededAt) is not { } found)
            return null;
        return new ServerVerifyKey(VerifyKey.FromBytes(keyId, found.PublicKey.Span), found.ValidUntil, found.IsOld);
    }
}
