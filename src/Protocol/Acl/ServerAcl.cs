using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Protocol.Globs;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Protocol.Acl;

/// <summary>The servers that may take part in a room, by its <c>m.room.server_acl</c> (C-S API, Server ACLs). Parse once, match often.</summary>
public sealed class ServerAcl
{
    private readonly bool _allowIpLiterals;
    private readonly ImmutableArray<Glob> _allow;
    private readonly ImmutableArray<Glob> _deny;

    private ServerAcl(bool allowIpLiterals, ImmutableArray<Glob> allow, ImmutableArray<Glob> deny)
    {
        _allowIpLiterals = allowIpLiterals;
        _allow = allow;
        _deny = deny;
    }

    /// <summary>Reads the content of <c>m.room.server_acl</c>. What is not of the right type counts as absent.</summary>
    public static ServerAcl Parse(JsonElement content)
    {
        var isObject = content.ValueKind == JsonValueKind.Object;
        var deniesIps = isObject && content.TryGetProperty("allow_ip_literals", out var ips) && ips.ValueKind == JsonValueKind.False;
        return new ServerAcl(!deniesIps, isObject ? Globs(content, "allow") : [], isObject ? Globs(content, "deny") : []);
    }

    /// <summary>True when the server may take part. A room without <c>m.room.server_acl</c> lets all servers in.</summary>
    public bool IsAllowed(string serverName)
    {
        if (!ServerName.TryParse(serverName, out var name))
            return false;
        if (!_allowIpLiterals && name.IsIpLiteral)
            return false;
        // "the suspect server's port number must not be considered"
        var host = name.Host;
        return !MatchesAny(_deny, host) && MatchesAny(_allow, host);
    }

    private static bool MatchesAny(ImmutableArray<Glob> globs, ReadOnlySpan<char> host)
    {
        foreach (var glob in globs)
        {
            if (glob.IsMatch(host))
                return true;
        }

        return false;
    }

    private static ImmutableArray<Glob> Globs(JsonElement content, string name)
    {
        if (!content.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array)
            return [];
        return [.. list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => new Glob(e.GetString()!))];
    }
}
