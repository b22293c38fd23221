using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>Whether a redaction event takes effect.</summary>
public static class Redactions
{
    /// <summary>
    /// True when <paramref name="redaction"/> is to be applied to <paramref name="target"/> (room v3, Handling redactions). In v1 and v2 the
    /// authorisation rules have decided already.
    /// </summary>
    /// <param name="version">The version of the room.</param>
    /// <param name="redaction">The authorised <c>m.room.redaction</c>.</param>
    /// <param name="target">The event that it names.</param>
    /// <param name="levels">The power levels of the state before the redaction.</param>
    public static bool Apply(RoomVersion version, Pdu redaction, Pdu target, PowerLevels levels)
    {
        ArgumentNullException.ThrowIfNull(version);
        ArgumentNullException.ThrowIfNull(redaction);
        ArgumentNullException.ThrowIfNull(target);
        return redaction.RoomId == target.RoomId &&
            (version.RedactionsInAuthRules || MayRedact(redaction.Sender, target.Sender, levels));
    }

    /// <summary>True when a user's redactions of another user's events take effect: by level, or when both are of one server.</summary>
    public static bool MayRedact(string userId, string targetSender, PowerLevels levels)
    {
        ArgumentNullException.ThrowIfNull(levels);
        return levels.Of(userId) >= levels.Redact || Domain.OfUser(userId).SequenceEqual(Domain.OfUser(targetSender));
    }
}
