using System.Collections.Concurrent;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Grains.ServerKeys;

/// <summary>
/// This server's own keys, and those of other servers from their grains. A key in use is remembered for a moment: the request that brings events and the events
/// themselves are signed by the same one. That does not make it valid for longer, which its own time limit says.
/// </summary>
public sealed class ServerKeyRing(LocalServer self, IGrainFactory grains, TimeProvider time) : IServerKeyRing
{
    private const int MaxRemembered = 1000;
    private static readonly TimeSpan s_remembered = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string Server, string KeyId), (ServerVerifyKey Key, DateTimeOffset Until)> _remembered = new();

    public async ValueTask<ServerVerifyKey?> FindAsync(string server, string keyId, long neededAt, CancellationToken cancellationToken = default)
    {
        if (server == self.Name.Value)
            return self.FindKey(keyId);
        var now = time.GetUtcNow();
        if (_remembered.TryGetValue((server, keyId), out var known) && known.Until > now &&
            known.Key.ValidUntilTs >= Math.Min(neededAt, now.ToUnixTimeMilliseconds()))
            return known.Key;
        if (!ServerName.IsValid(server) || await grains.GetGrain<IServerKeysGrain>(server).Find(keyId, neededAt) is not { } found)
            return null;
        var key = new ServerVerifyKey(VerifyKey.FromBytes(keyId, found.PublicKey.Span), found.ValidUntil, found.IsOld);
        if (!key.IsOld)
            Remember(server, keyId, key, now + s_remembered);
        return key;
    }

    private void Remember(string server, string keyId, ServerVerifyKey key, DateTimeOffset until)
    {
        if (_remembered.Count >= MaxRemembered)
            _remembered.Clear();
        _remembered[(server, keyId)] = (key, until);
    }
}
