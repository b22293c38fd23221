using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The values of <c>join_rule</c>.</summary>
public static class JoinRule
{
    public const string Public = "public";
    public const string Invite = "invite";
    public const string Knock = "knock";
    public const string Restricted = "restricted";
    public const string KnockRestricted = "knock_restricted";

    /// <summary>The join rule of a state: <c>invite</c> when none is set (C-S API, <c>m.room.join_rules</c>).</summary>
    public static string Of(IAuthState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var content = state.Get(EventTypes.JoinRules, "")?.Content ?? default;
        return EventContent.TryGet(content, "join_rule", out var rule)
            ? rule.ValueKind == System.Text.Json.JsonValueKind.String ? rule.GetString()! : ""
            : Invite;
    }

    /// <summary>True when the version knows the rule as one that lets members of other rooms in.</summary>
    public static bool IsRestricted(string rule, RoomVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        return (rule == Restricted && version.RestrictedJoin) || (rule == KnockRestricted && version.KnockRestrictedJoin);
    }
}
