using System.Text.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>What a user is told about a room from outside.</summary>
/// <param name="Membership">The user's own; null if it has none.</param>
/// <param name="AllowedRoomIds">Rooms whose members may join a restricted room.</param>
/// <param name="Encryption">The algorithm of m.room.encryption; null if the room is not encrypted.</param>
internal sealed record RoomDescription(RoomSummaryRow Summary, string RoomVersion, string? Membership, IReadOnlyList<string> AllowedRoomIds, string? Encryption)
{
    /// <summary>Writes the members of a room summary (definitions/room_summary).</summary>
    public void WriteMembers(Utf8JsonWriter w)
    {
        RoomSummaryJson.WriteMembers(w, Summary);
        w.WriteString("room_version"u8, RoomVersion);
        if (Encryption is not null)
            w.WriteString("encryption"u8, Encryption);
        if (AllowedRoomIds.Count == 0)
            return;
        w.WriteStartArray("allowed_room_ids"u8);
        foreach (var roomId in AllowedRoomIds)
            w.WriteStringValue(roomId);
        w.WriteEndArray();
    }
}
