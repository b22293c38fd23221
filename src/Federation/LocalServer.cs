using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Federation;

/// <summary>Who this server is to other servers: its name and the keys that it signs with. The same on all silos.</summary>
/// <param name="name">The name.</param>
/// <param name="keys">Gives the keys, which a silo may only know once it has started, and which may become more.</param>
public sealed class LocalServer(ServerName name, Func<OwnKeys> keys, TimeProvider time)
{
    private readonly string _domain = ":" + name.Value;

    /// <summary>A server with one key, which is at hand.</summary>
    public LocalServer(ServerName name, SigningKey key)
        : this(name, new OwnKeys(key))
    {
    }

    private LocalServer(ServerName name, OwnKeys keys)
        : this(name, () => keys, TimeProvider.System)
    {
    }

    public ServerName Name { get; } = name;

    /// <summary>The key to sign with.</summary>
    public SigningKey Key => keys().At(Now);

    /// <summary>The keys that it signs with, or will.</summary>
    public IReadOnlyCollection<SigningKey> KeysInUse => keys().InUse(Now);

    /// <summary>The keys that it signed with.</summary>
    public IReadOnlyCollection<ServerVerifyKey> OldKeys => keys().Old(Now);

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The key of that id; null if it is none of this server's.</summary>
    public ServerVerifyKey? FindKey(string keyId) => keys().Find(keyId, Now);

    /// <summary>True if the user's account is on this server.</summary>
    public bool IsLocalUser(string userId) =>
        userId.EndsWith(_domain, StringComparison.Ordinal) && userId.IndexOf(':', StringComparison.Ordinal) == userId.Length - _domain.Length;
}
