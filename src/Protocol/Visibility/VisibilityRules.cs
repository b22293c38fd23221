using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.Visibility;

/// <summary>Who may see an event (C-S API, Room History Visibility, Server behaviour).</summary>
public static class VisibilityRules
{
    /// <summary>Whether a user may see an event.</summary>
    /// <param name="pdu">The event.</param>
    /// <param name="userId">The user.</param>
    /// <param name="before">The history visibility of the state before the event.</param>
    /// <param name="membershipBefore">The user's membership in the state before the event; <c>leave</c> or null for none.</param>
    /// <param name="joinedAfter">The user joined at any point after the event.</param>
    public static bool MaySee(Pdu pdu, string userId, HistoryVisibility before, string? membershipBefore, bool joinedAfter)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        if (MaySee(before, membershipBefore, joinedAfter))
            return true;
        return pdu.Type switch
        {
            // "the user should be allowed to see the event if the history_visibility before or after the event would allow them to see it"
            EventTypes.HistoryVisibility when pdu.StateKey == "" => MaySee(HistoryVisibilities.Of(pdu), membershipBefore, joinedAfter),
            // "... if their membership before or after the event would allow them to see it"
            EventTypes.Member when pdu.StateKey == userId => MaySee(before, pdu.Membership, joinedAfter),
            _ => false,
        };
    }

    /// <summary>The five rules, for one state.</summary>
    public static bool MaySee(HistoryVisibility visibility, string? membership, bool joinedAfter) =>
        visibility == HistoryVisibility.WorldReadable ||
        membership == Membership.Join ||
        (visibility == HistoryVisibility.Shared && joinedAfter) ||
        (visibility == HistoryVisibility.Invited && membership == Membership.Invite);

    /// <summary>
    /// Whether a server may be given an event of a room that it is in: when any of its users could see it. What it may not see it gets redacted
    /// or not at all (S-S API, Backfilling and retrieving missing events).
    /// </summary>
    /// <param name="before">The history visibility of the state before the event.</param>
    /// <param name="hasJoined">A user of the server was joined in the state before the event.</param>
    /// <param name="hasInvited">A user of the server was invited in the state before the event.</param>
    public static bool MayServerSee(HistoryVisibility before, bool hasJoined, bool hasInvited) => before switch
    {
        HistoryVisibility.WorldReadable or HistoryVisibility.Shared => true,
        HistoryVisibility.Invited => hasJoined || hasInvited,
        _ => hasJoined,
    };
}
