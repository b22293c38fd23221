using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.ServerKeys;

/// <summary>This server's own key and the remote keys that storage has; fetches none.</summary>
public sealed class StoredKeyRing(ServerIdentity self, IStorage storage) : IServerKeyRing
{
    public async ValueTask<ServerVerifyKey?> FindAsync(string server, string keyId, long neededAt, CancellationToken cancellationToken = default)
    {
        if (server == self.Name.Value)
            return keyId == self.Key.KeyId ? new ServerVerifyKey(self.Key.VerifyKey, long.MaxValue, IsOld: false) : null;
        foreach (var row in await storage.Servers.KeysAsync(server, cancellationToken))
        {
            if (row.KeyId == keyId)
                return new ServerVerifyKey(VerifyKey.FromBytes(keyId, row.PublicKey.Span), row.ValidUntil, row.IsOld);
        }

        return null;
    }
}
