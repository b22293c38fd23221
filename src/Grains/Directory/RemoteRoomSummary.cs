using System.Text.Json;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Directory;

/// <summary>A room as another server describes it. What is not of the right type is left out.</summary>
/// <param name="Json">The members of a room summary, as an object.</param>
internal sealed record RemoteRoomSummary(ReadOnlyMemory<byte> Json, string JoinRule, bool WorldReadable, IReadOnlyList<string> AllowedRoomIds, bool IsSpace)
{
    private const int MaxAllowed = 100;
    private static readonly string[] s_texts = ["avatar_url", "canonical_alias", "encryption", "name", "room_type", "room_version", "topic"];

    /// <summary>Reads the description of the room; null if it is not one.</summary>
    public static RemoteRoomSummary? Read(JsonElement room, string roomId)
    {
        if (room.ValueKind != JsonValueKind.Object || JsonBytes.StringMember(room, "room_id") != roomId)
            return null;
        var joinRule = JsonBytes.StringMember(room, "join_rule") ?? "public";
        var allowed = room.TryGetProperty("allowed_room_ids"u8, out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String && RoomId.IsValid(e.GetString())).Select(e => e.GetString()!)
            .Take(MaxAllowed).ToList()
            : [];
        var json = JsonBytes.Object(writer =>
        {
            foreach (var name in s_texts)
            {
                if (JsonBytes.StringMember(room, name) is { } text)
                    writer.WriteString(name, text);
            }

            writer.WriteBoolean("guest_can_join"u8, IsTrue(room, "guest_can_join"));
            writer.WriteString("join_rule"u8, joinRule);
            writer.WriteNumber("num_joined_members"u8, room.TryGetProperty("num_joined_members"u8, out var members) &&
                JsonBytes.TryGetInteger(members, out var count) ? count : 0);
            writer.WriteString("room_id"u8, roomId);
            writer.WriteBoolean("world_readable"u8, IsTrue(room, "world_readable"));
            if (allowed.Count == 0)
                return;
            writer.WriteStartArray("allowed_room_ids"u8);
            foreach (var id in allowed)
                writer.WriteStringValue(id);
            writer.WriteEndArray();
        });
        return new RemoteRoomSummary(json, joinRule, IsTrue(room, "world_readable"), allowed, JsonBytes.StringMember(room, "room_type") == "m.space");
    }

    private static bool IsTrue(JsonElement room, string name) => room.TryGetProperty(name, out var flag) && flag.ValueKind == JsonValueKind.True;
}
