using System.Collections.Immutable;
using OrleansMatrix.Protocol.Globs;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Protocol.Acl;

/// <summary>The servers that this one talks to at all, by its administrator's lists of globs over hosts (or whole names, where a pattern has a port).</summary>
/// <param name="allow">If there is any, only servers that match one are allowed.</param>
/// <param name="deny">Servers that match one are not allowed.</param>
public sealed class AllowedServers(IEnumerable<string> allow, IEnumerable<string> deny)
{
    private readonly ImmutableArray<Glob> _allow = [.. allow.Select(pattern => new Glob(pattern))];
    private readonly ImmutableArray<Glob> _deny = [.. deny.Select(pattern => new Glob(pattern))];

    /// <summary>All servers are allowed.</summary>
    public static AllowedServers Open { get; } = new([], []);

    /// <summary>True if requests from and to the server are allowed; false for what is no server name.</summary>
    public bool Allows(string serverName)
    {
        if (!ServerName.TryParse(serverName, out var name))
            return false;
        return !Matches(_deny, name) && (_allow.IsEmpty || Matches(_allow, name));
    }

    private static bool Matches(ImmutableArray<Glob> globs, ServerName name)
    {
        foreach (var glob in globs)
        {
            if (glob.IsMatch(name.Host) || glob.IsMatch(name.Value))
                return true;
        }

        return false;
    }
}
