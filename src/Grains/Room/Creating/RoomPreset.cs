namespace OrleansMatrix.Grains.Room.Creating;

/// <summary>A preset of <c>POST /createRoom</c>.</summary>
/// <param name="TrustsInvited">Invited users get the creator's power.</param>
/// <param name="InviteLevel">
/// The power level that inviting takes. The specification names none; deployed servers leave it to moderators where anybody can join, and so do clients expect.
/// </param>
internal sealed record RoomPreset(string JoinRule, string HistoryVisibility, string GuestAccess, bool TrustsInvited, long InviteLevel)
{
    private static readonly RoomPreset s_private = new("invite", "shared", "can_join", false, 0);
    private static readonly RoomPreset s_trusted = new("invite", "shared", "can_join", true, 0);
    private static readonly RoomPreset s_public = new("public", "shared", "forbidden", false, 50);

    /// <summary>The preset of that name, or without one that of the visibility; null if there is no such preset.</summary>
    public static RoomPreset? Of(string? preset, bool isPublic) => preset switch
    {
        null => isPublic ? s_public : s_private,
        "private_chat" => s_private,
        "trusted_private_chat" => s_trusted,
        "public_chat" => s_public,
        _ => null,
    };
}
