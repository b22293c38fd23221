using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary>Writes the content of m.room.member events.</summary>
internal static class MemberContent
{
    /// <summary>A content of its own.</summary>
    public static ReadOnlyMemory<byte> Write(
        string membership, MemberProfile? profile, string? reason, bool isDirect = false, string? authoriser = null, JsonElement extra = default) =>
        JsonBytes.Object(writer =>
        {
            JsonBytes.CopyMembers(
                writer, extra, "membership", "displayname", "avatar_url", "reason", "is_direct", "third_party_invite", "third_party_signed",
                "join_authorised_via_users_server");
            writer.WriteString("membership"u8, membership);
            WriteProfile(writer, profile);
            if (reason is not null)
                writer.WriteString("reason"u8, reason);
            if (isDirect)
                writer.WriteBoolean("is_direct"u8, true);
            WriteAuthoriser(writer, authoriser);
        });

    /// <summary>A content that the client gave. Who let a restricted join in is the server's to say.</summary>
    public static ReadOnlyMemory<byte> From(JsonElement given, string membership, string? authoriser) => JsonBytes.Object(writer =>
    {
        JsonBytes.CopyMembers(writer, given, "membership", "join_authorised_via_users_server");
        writer.WriteString("membership"u8, membership);
        WriteAuthoriser(writer, authoriser);
    });

    /// <summary>The present content with a new profile.</summary>
    public static ReadOnlyMemory<byte> WithProfile(JsonElement present, MemberProfile profile) => JsonBytes.Object(writer =>
    {
        JsonBytes.CopyMembers(writer, present, "displayname", "avatar_url", "reason", "join_authorised_via_users_server");
        WriteProfile(writer, profile);
    });

    private static void WriteProfile(Utf8JsonWriter writer, MemberProfile? profile)
    {
        if (profile?.DisplayName is { } name)
            writer.WriteString("displayname"u8, name);
        if (profile?.AvatarUrl is { } avatar)
            writer.WriteString("avatar_url"u8, avatar);
    }

    private static void WriteAuthoriser(Utf8JsonWriter writer, string? authoriser)
    {
        if (authoriser is not null)
            writer.WriteString("join_authorised_via_users_server"u8, authoriser);
    }
}
