using System.Text.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>Writes what room lists show of a room (PublishedRoomsChunk).</summary>
internal static class RoomSummaryJson
{
    public static void WriteMembers(Utf8JsonWriter w, RoomSummaryRow room)
    {
        WriteIfSet(w, "avatar_url", room.AvatarUrl);
        WriteIfSet(w, "canonical_alias", room.CanonicalAlias);
        w.WriteBoolean("guest_can_join"u8, room.GuestCanJoin);
        w.WriteString("join_rule"u8, room.JoinRule);
        WriteIfSet(w, "name", room.Name);
        w.WriteNumber("num_joined_members"u8, room.JoinedMembers);
        w.WriteString("room_id"u8, room.RoomId);
        WriteIfSet(w, "room_type", room.RoomType);
        WriteIfSet(w, "topic", room.Topic);
        w.WriteBoolean("world_readable"u8, room.WorldReadable);
    }

    private static void WriteIfSet(Utf8JsonWriter w, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            w.WriteString(name, value);
    }
}
