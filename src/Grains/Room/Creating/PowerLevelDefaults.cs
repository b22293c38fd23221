using System.Text.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.Room.Creating;

/// <summary>The power levels of a new room.</summary>
internal static class PowerLevelDefaults
{
    private static readonly (string Type, int Level)[] s_events =
    [
        ("m.room.name", 50), ("m.room.power_levels", 100), ("m.room.history_visibility", 100), ("m.room.canonical_alias", 50), ("m.room.avatar", 50),
        ("m.room.server_acl", 100), ("m.room.encryption", 100),
    ];

    /// <summary>The content; <paramref name="changes"/> replaces its members one by one.</summary>
    /// <param name="admins">Users with the creator's level; in versions where creators have infinite power, and may not be named, none of them.</param>
    /// <param name="adminLevel">Their level.</param>
    /// <param name="inviteLevel">Who may invite.</param>
    public static ReadOnlyMemory<byte> Write(
        RoomVersion version, IEnumerable<string> admins, JsonElement changes, long adminLevel = 100, long inviteLevel = 0) =>
        JsonBytes.Object(writer =>
    {
        Member(writer, "ban", changes, static w => w.WriteNumberValue(50));
        Member(writer, "events", changes, w => WriteEvents(w, version));
        Member(writer, "events_default", changes, static w => w.WriteNumberValue(0));
        Member(writer, "historical", changes, static w => w.WriteNumberValue(100));
        Member(writer, "invite", changes, w => w.WriteNumberValue(inviteLevel));
        Member(writer, "kick", changes, static w => w.WriteNumberValue(50));
        Member(writer, "redact", changes, static w => w.WriteNumberValue(50));
        Member(writer, "state_default", changes, static w => w.WriteNumberValue(50));
        Member(writer, "users", changes, w => WriteUsers(w, admins, adminLevel));
        Member(writer, "users_default", changes, static w => w.WriteNumberValue(0));
        JsonBytes.CopyMembers(
            writer, changes, "ban", "events", "events_default", "historical", "invite", "kick", "redact", "state_default", "users", "users_default");
    });

    private static void Member(Utf8JsonWriter writer, string name, JsonElement changes, Action<Utf8JsonWriter> write)
    {
        writer.WritePropertyName(name);
        if (changes.ValueKind == JsonValueKind.Object && changes.TryGetProperty(name, out var change))
            change.WriteTo(writer);
        else
            write(writer);
    }

    private static void WriteEvents(Utf8JsonWriter writer, RoomVersion version)
    {
        writer.WriteStartObject();
        foreach (var (type, level) in s_events)
            writer.WriteNumber(type, level);
        // C-S API, createRoom: from room v12 on above what anybody but a creator has at first.
        writer.WriteNumber("m.room.tombstone", version.PrivilegedCreators ? 150 : 100);
        writer.WriteEndObject();
    }

    private static void WriteUsers(Utf8JsonWriter writer, IEnumerable<string> admins, long level)
    {
        writer.WriteStartObject();
        foreach (var user in admins)
            writer.WriteNumber(user, level);
        writer.WriteEndObject();
    }
}
