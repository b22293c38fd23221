namespace OrleansMatrix.Protocol.RoomVersions;

/// <summary>What a redacted event keeps, where room versions differ (each room version's section "Redactions").</summary>
public sealed record RedactionRules
{
    /// <summary>Keep the top-level <c>origin</c>, <c>membership</c> and <c>prev_state</c> (before v11).</summary>
    public bool KeepsLegacyTopLevel { get; init; } = true;

    /// <summary>Keep <c>aliases</c> of <c>m.room.aliases</c> (before v6).</summary>
    public bool KeepsAliases { get; init; } = true;

    /// <summary>Keep <c>allow</c> of <c>m.room.join_rules</c> (v8 and later).</summary>
    public bool KeepsJoinRuleAllow { get; init; }

    /// <summary>Keep <c>join_authorised_via_users_server</c> of <c>m.room.member</c> (v9 and later).</summary>
    public bool KeepsAuthorisingUser { get; init; }

    /// <summary>Keep the whole content of <c>m.room.create</c>, and not just <c>creator</c> (v11 and later).</summary>
    public bool KeepsCreateContent { get; init; }

    /// <summary>Keep <c>redacts</c> of <c>m.room.redaction</c>'s content (v11 and later).</summary>
    public bool KeepsContentRedacts { get; init; }

    /// <summary>Keep <c>invite</c> of <c>m.room.power_levels</c> (v11 and later).</summary>
    public bool KeepsInviteLevel { get; init; }

    /// <summary>Keep <c>signed</c> of <c>third_party_invite</c> of <c>m.room.member</c> (v11 and later).</summary>
    public bool KeepsThirdPartyInviteSigned { get; init; }
}
