using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Federation;

/// <summary>Who this server is to other servers: its name and the key that it signs with. The same on all silos.</summary>
/// <param name="name">The name.</param>
/// <param name="key">Gives the key, which a silo may only know once it has started.</param>
public sealed class LocalServer(ServerName name, Func<SigningKey> key)
{
    private readonly string _domain = ":" + name.Value;

    /// <summary>A server whose key is at hand.</summary>
    public LocalServer(ServerName name, SigningKey key)
        : this(name, () => key)
    {
    }

    public ServerName Name { get; } = name;

    public SigningKey Key => key();

    /// <summary>True if the user's account is on this server.</summary>
    public bool IsLocalUser(string userId) =>
        userId.EndsWith(_domain, StringComparison.Ordinal) && userId.IndexOf(':', StringComparison.Ordinal) == userId.Length - _domain.Length;
}
