using System.Text.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>Decides who may learn of a room from outside, and gathers what they are told (CS API, room_summary and space hierarchy).</summary>
internal sealed class RoomAccess(IStorage storage, CurrentState state)
{
    /// <summary>
    /// Describes a room that this server is in to a user (null: not logged in); null if there is no such room or the user may not know of it: neither member nor
    /// invited, nor may join or knock, nor read the history.
    /// </summary>
    public async Task<RoomDescription?> DescribeAsync(string roomId, string? userId)
    {
        if (await storage.Rooms.GetAsync(roomId) is not { } room || await storage.Rooms.GetSummaryAsync(roomId) is not { } summary)
            return null;
        var membership = userId is null ? null : (await storage.Memberships.GetAsync(roomId, userId))?.Membership;
        var allowed = summary.JoinRule is "restricted" or "knock_restricted" ? await AllowedRoomsAsync(roomId) : [];
        var visible = membership is "join" or "invite"
            || (membership != "ban" && (summary.JoinRule is "public" or "knock" or "knock_restricted" || summary.WorldReadable || await IsJoinedToAnyAsync(allowed, userId)));
        if (!visible)
            return null;
        var encryption = summary.Encrypted ? await EncryptionAsync(roomId) : null;
        return new RoomDescription(summary, room.Version, membership, allowed, encryption);
    }

    private async Task<IReadOnlyList<string>> AllowedRoomsAsync(string roomId)
    {
        if (await state.GetAsync(roomId, "m.room.join_rules", "") is not { } rules)
            return [];
        using var document = JsonDocument.Parse(rules.Json);
        if (!document.RootElement.TryGetProperty("content"u8, out var content) || !content.TryGetProperty("allow"u8, out var allow)
            || allow.ValueKind != JsonValueKind.Array)
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

    private async Task<string?> EncryptionAsync(string roomId)
    {
        if (await state.GetAsync(roomId, "m.room.encryption", "") is not { } row)
            return null;
        using var document = JsonDocument.Parse(row.Json);
        return document.RootElement.TryGetProperty("content"u8, out var content) && content.TryGetProperty("algorithm"u8, out var algorithm)
            && algorithm.ValueKind == JsonValueKind.String ? algorithm.GetString() : null;
    }
}
