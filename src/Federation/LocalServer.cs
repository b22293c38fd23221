using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Federation;

/// <summary>Who this server is to other servers: its name and the key that it signs with. The same on all silos.</summary>
public sealed class LocalServer(ServerName name, SigningKey key)
{
    private readonly string _domain = ":" + name.Value;

    public ServerName Name { get; } = name;

    public SigningKey Key { get; } = key;

    /// <summary>True if the user's account is on this server.</summary>
    public bool IsLocalUser(string userId) =>
        userId.EndsWith(_domain, StringComparison.Ordinal) && userId.IndexOf(':', StringComparison.Ordinal) == userId.Length - _domain.Length;
}
