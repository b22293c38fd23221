using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>Decides who may learn of a room from outside, and gathers what they are told (CS API, room_summary and space hierarchy).</summary>
internal sealed class RoomAccess(IStorage storage, CurrentState state, string ownServer)
{
    private const int MaxServers = 3;
    private const int MaxAllowed = 100;

    /// <summary>
    /// Describes a room that this server is in to a user (null: not logged in); null if there is no such room or the user may not know of it: neither member
    /// nor invited, nor may join or knock, nor read the history.
    /// </summary>
    public async Task<RoomDescription?> DescribeAsync(string roomId, string? userId)
    {
        if (await storage.Rooms.GetAsync(roomId) is not { } room || await storage.Rooms.GetSummaryAsync(roomId) is not { } summary)
            return null;
        var allowed = await AllowedRoomsAsync(summary);
        if (!await MayKnowAsync(roomId, summary.JoinRule, summary.WorldReadable, allowed, userId))
            return null;
        var membership = userId is null ? null : (await storage.Memberships.GetAsync(roomId, userId))?.Membership;
        return new RoomDescription(summary, room.Version, membership, allowed, await EncryptionAsync(summary));
    }

    /// <summary>
    /// Whether a user (null: not logged in) may know of a room that is so: who is in it or invited, may join or knock, or may read the history.
    /// </summary>
    public async Task<bool> MayKnowAsync(string roomId, string joinRule, bool worldReadable, IReadOnlyList<string> allowed, string? userId)
    {
        var membership = userId is null ? null : (await storage.Memberships.GetAsync(roomId, userId))?.Membership;
        return membership is "join" or "invite"
            || (membership != "ban" && (joinRule is "public" or "knock" or "knock_restricted" || worldReadable || await IsJoinedToAnyAsync(allowed, userId)));
    }

    /// <summary>
    /// Describes a room that this server is in to another server: null unless a user of that server could join, knock or read the history (S-S API, hierarchy).
    /// </summary>
    public async Task<(bool IsHere, RoomDescription? Room)> DescribeToServerAsync(string roomId, string server)
    {
        if (!await IsHereAsync(roomId) || await storage.Rooms.GetAsync(roomId) is not { } room ||
            await storage.Rooms.GetSummaryAsync(roomId) is not { } summary)
            return (false, null);
        if (await state.GetAsync(roomId, EventTypes.ServerAcl, "") is { } acl && !IsAllowed(acl, server))
            return (true, null);
        var allowed = await AllowedRoomsAsync(summary);
        var isKnown = summary.JoinRule is "public" or "knock" or "knock_restricted" || summary.WorldReadable || await HasMemberAsync(server, [roomId]) ||
            await HasMemberAsync(server, allowed);
        return (true, isKnown ? new RoomDescription(summary, room.Version, null, allowed, await EncryptionAsync(summary)) : null);
    }

    /// <summary>True if this server's state of the room is current: it is in the room, or nobody is.</summary>
    public async Task<bool> IsHereAsync(string roomId)
    {
        if (await storage.Rooms.GetAsync(roomId) is null)
            return false;
        var servers = await storage.Memberships.ServersAsync(roomId);
        return servers.Count == 0 || servers.Any(s => s.Server == ownServer);
    }

    /// <summary>Servers that may know a room: who invited the user, who was in it when it was last known, and whoever made it.</summary>
    public async Task<ImmutableArray<string>> ServersOfAsync(string roomId, string? userId)
    {
        var invite = userId is null ? null : await storage.Memberships.GetAsync(roomId, userId);
        var known = (await storage.Memberships.ServersAsync(roomId)).Select(s => s.Server).Take(MaxServers);
        return [.. new[] { DomainOf(invite is { Membership: "invite" } ? invite.Sender : "") }.Concat(known).Append(DomainOf(roomId)).Where(s => s.Length > 0)];
    }

    private static string DomainOf(string id) => id.Contains(':', StringComparison.Ordinal) ? id[(id.IndexOf(':', StringComparison.Ordinal) + 1)..] : "";

    private static bool IsAllowed(EventRow acl, string server)
    {
        using var document = JsonText.Parse(acl.Json);
        return ServerAcl.Parse(document.RootElement.GetProperty("content"u8)).IsAllowed(server);
    }

    private async Task<bool> HasMemberAsync(string server, IReadOnlyList<string> roomIds)
    {
        foreach (var roomId in roomIds.Take(MaxAllowed))
        {
            if ((await storage.Memberships.ServersAsync(roomId)).Any(s => s.Server == server))
                return true;
        }

        return false;
    }

    private async Task<IReadOnlyList<string>> AllowedRoomsAsync(RoomSummaryRow summary)
    {
        if (summary.JoinRule is not ("restricted" or "knock_restricted") || await state.GetAsync(summary.RoomId, "m.room.join_rules", "") is not { } rules)
            return [];
        if (!JsonBytes.TryParseObject(rules.Json, out var json) || !json.TryGetProperty("content"u8, out var content)
            || !content.TryGetProperty("allow"u8, out var allow) || allow.ValueKind != JsonValueKind.Array)
            return [];
        var rooms = new List<string>();
        foreach (var condition in allow.EnumerateArray())
        {
            if (condition.ValueKind == JsonValueKind.Object
                && condition.TryGetProperty("type"u8, out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("m.room_membership"u8)
                && condition.TryGetProperty("room_id"u8, out var room) && room.ValueKind == JsonValueKind.String)
                rooms.Add(room.GetString()!);
        }

        return rooms;
    }

    private async Task<bool> IsJoinedToAnyAsync(IReadOnlyList<string> roomIds, string? userId)
    {
        if (userId is null)
            return false;
        foreach (var roomId in roomIds)
        {
            if (await storage.Memberships.GetAsync(roomId, userId) is { Membership: "join" })
                return true;
        }

        return false;
    }

    private async Task<string?> EncryptionAsync(RoomSummaryRow summary)
    {
        if (!summary.Encrypted || await state.GetAsync(summary.RoomId, "m.room.encryption", "") is not { } row)
            return null;
        return JsonBytes.TryParseObject(row.Json, out var json) && json.TryGetProperty("content"u8, out var content)
            && content.TryGetProperty("algorithm"u8, out var algorithm)
            && algorithm.ValueKind == JsonValueKind.String ? algorithm.GetString() : null;
    }
}
