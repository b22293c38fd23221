using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Globs;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>Which servers may take part in a room (C-S API, m.room.server_acl; S-S API, Server ACLs).</summary>
internal static class ServerAcl
{
    private const int MaxPatterns = 10_000;

    /// <summary>True if the room's current state lets the server take part.</summary>
    public static async ValueTask<bool> IsAllowedAsync(ActiveRoom room, string server) =>
        await room.Current.FindAsync(EventTypes.ServerAcl, "") is not { } acl || IsAllowed(acl.Content, server);

    private static bool IsAllowed(JsonElement acl, string server)
    {
        if (!ServerName.TryParse(server, out var name))
            return false;
        // Absent or of another type: literals are allowed.
        if (acl.TryGetProperty("allow_ip_literals", out var literals) && literals.ValueKind == JsonValueKind.False && name.IsIpLiteral)
            return false;
        var host = name.Host.ToString();
        return !Matches(acl, "deny", host) && Matches(acl, "allow", host);
    }

    private static bool Matches(JsonElement acl, string list, string host)
    {
        if (!acl.TryGetProperty(list, out var patterns) || patterns.ValueKind != JsonValueKind.Array)
            return false;
        return patterns.EnumerateArray().Take(MaxPatterns).Any(p => p.ValueKind == JsonValueKind.String && new Glob(p.GetString()!).IsMatch(host));
    }
}
