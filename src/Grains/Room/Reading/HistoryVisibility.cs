using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>The rules of <c>m.room.history_visibility</c> (C-S API, Room History Visibility).</summary>
internal static class HistoryVisibility
{
    public const string WorldReadable = "world_readable";
    private const string Shared = "shared";
    private const string Invited = "invited";
    private const string Joined = "joined";

    /// <summary>The value that an event sets; what is missing or not understood counts as shared.</summary>
    public static string Of(Pdu? pdu) =>
        pdu?.GetContentString("history_visibility"u8) is { } value && value is WorldReadable or Invited or Joined ? value : Shared;

    /// <summary>Rules 1 to 5.</summary>
    public static bool Allows(string visibility, string membership, bool joinedLater) =>
        visibility == WorldReadable || membership == Membership.Join || (visibility == Shared && joinedLater) ||
        (visibility == Invited && membership == Membership.Invite);
}
