using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace OrleansMatrix.Protocol.RoomVersions;

/// <summary>A room version as data: each is the one before it plus the flags that changed.</summary>
public sealed record RoomVersion
{
    private RoomVersion(string id) => Id = id;

    /// <summary>The identifier, as in <c>m.room.create</c>'s <c>room_version</c>.</summary>
    public string Id { get; private init; }

    /// <summary>How events get their ids.</summary>
    public EventIdFormat EventIdFormat { get; private init; } = EventIdFormat.Given;

    /// <summary><c>prev_events</c> and <c>auth_events</c> hold pairs of id and hashes (v1, v2) instead of plain ids.</summary>
    public bool EventReferencesCarryHashes { get; private init; } = true;

    /// <summary>The state resolution algorithm.</summary>
    public StateResolutionAlgorithm StateResolution { get; private init; } = StateResolutionAlgorithm.V1;

    /// <summary>What redaction keeps.</summary>
    public RedactionRules Redaction { get; private init; } = new();

    /// <summary>Canonical JSON is enforced on events: integers in range only (v6 and later).</summary>
    public bool StrictCanonicalJson { get; private init; }

    /// <summary>A signature counts only if its key was valid at the event's <c>origin_server_ts</c> (v5 and later).</summary>
    public bool EnforceKeyValidity { get; private init; }

    /// <summary><c>m.room.aliases</c> has an authorisation rule of its own (before v6: rule 4).</summary>
    public bool SpecialCaseAliasesAuth { get; private init; } = true;

    /// <summary>
    /// Redactions are judged by the authorisation rules (v1, v2: rule 11, redact level or the domain of the event ids); later versions judge
    /// them when applying them ("Handling redactions").
    /// </summary>
    public bool RedactionsInAuthRules { get; private init; } = true;

    /// <summary>Power level changes are also checked for <c>notifications</c> (v6 and later).</summary>
    public bool LimitNotificationsPowerLevels { get; private init; }

    /// <summary>Knocking is possible (v7 and later).</summary>
    public bool Knocking { get; private init; }

    /// <summary>The <c>restricted</c> join rule exists (v8 and later).</summary>
    public bool RestrictedJoin { get; private init; }

    /// <summary>The <c>knock_restricted</c> join rule exists (v10 and later).</summary>
    public bool KnockRestrictedJoin { get; private init; }

    /// <summary>Power levels must be JSON integers (v10 and later); before that strings are accepted too.</summary>
    public bool IntegerPowerLevels { get; private init; }

    /// <summary>The creator is <c>m.room.create</c>'s sender, and its content needs no <c>creator</c> (v11 and later).</summary>
    public bool CreatorIsSender { get; private init; }

    /// <summary><c>redacts</c> is in the content of <c>m.room.redaction</c> and not at the top level (v11 and later).</summary>
    public bool RedactsInContent { get; private init; }

    /// <summary>Creators have infinite power and may be joined by <c>additional_creators</c> (v12 and later).</summary>
    public bool PrivilegedCreators { get; private init; }

    /// <summary>The room id is the id of its <c>m.room.create</c> with the sigil '!' (v12 and later); that event carries no room id.</summary>
    public bool RoomIdIsCreateHash { get; private init; }

    /// <summary><c>m.room.create</c> is among the auth events of other events (before v12).</summary>
    public bool CreateInAuthEvents { get; private init; } = true;

    /// <summary>
    /// What a server tells of a room that it invites to must be events of the room that verify, <c>m.room.create</c> among them (S-S API, Inviting to a room:
    /// a server SHOULD refuse what is not from v12 on, and MAY before).
    /// </summary>
    public bool InviteStateMustVerify { get; private init; }

    /// <summary>Power levels may be floats, cut off at the decimal point (before v6: canonical JSON is not enforced).</summary>
    public bool FloatPowerLevels => !StrictCanonicalJson;

    public static RoomVersion V1 { get; } = new("1");

    public static RoomVersion V2 { get; } = V1 with { Id = "2", StateResolution = StateResolutionAlgorithm.V2 };

    public static RoomVersion V3 { get; } = V2 with
    {
        Id = "3",
        EventIdFormat = EventIdFormat.ReferenceHash,
        EventReferencesCarryHashes = false,
        RedactionsInAuthRules = false,
    };

    public static RoomVersion V4 { get; } = V3 with { Id = "4", EventIdFormat = EventIdFormat.UrlSafeReferenceHash };

    public static RoomVersion V5 { get; } = V4 with { Id = "5", EnforceKeyValidity = true };

    public static RoomVersion V6 { get; } = V5 with
    {
        Id = "6",
        StrictCanonicalJson = true,
        SpecialCaseAliasesAuth = false,
        LimitNotificationsPowerLevels = true,
        Redaction = V5.Redaction with { KeepsAliases = false },
    };

    public static RoomVersion V7 { get; } = V6 with { Id = "7", Knocking = true };

    public static RoomVersion V8 { get; } = V7 with
    {
        Id = "8",
        RestrictedJoin = true,
        Redaction = V7.Redaction with { KeepsJoinRuleAllow = true },
    };

    public static RoomVersion V9 { get; } = V8 with { Id = "9", Redaction = V8.Redaction with { KeepsAuthorisingUser = true } };

    public static RoomVersion V10 { get; } = V9 with { Id = "10", KnockRestrictedJoin = true, IntegerPowerLevels = true };

    public static RoomVersion V11 { get; } = V10 with
    {
        Id = "11",
        CreatorIsSender = true,
        RedactsInContent = true,
        Redaction = V10.Redaction with
        {
            KeepsLegacyTopLevel = false,
            KeepsCreateContent = true,
            KeepsContentRedacts = true,
            KeepsInviteLevel = true,
            KeepsThirdPartyInviteSigned = true,
        },
    };

    public static RoomVersion V12 { get; } = V11 with
    {
        Id = "12",
        StateResolution = StateResolutionAlgorithm.V21,
        PrivilegedCreators = true,
        RoomIdIsCreateHash = true,
        CreateInAuthEvents = false,
        InviteStateMustVerify = true,
    };

    /// <summary>All versions, oldest first.</summary>
    public static ImmutableArray<RoomVersion> All { get; } = [V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12];

    /// <summary>The version of new rooms (v1.19: "12").</summary>
    public static RoomVersion Default => V12;

    private static readonly FrozenDictionary<string, RoomVersion> s_byId = All.ToFrozenDictionary(v => v.Id, StringComparer.Ordinal);

    /// <summary>Finds a version by its identifier.</summary>
    public static bool TryGet(string? id, [NotNullWhen(true)] out RoomVersion? version)
    {
        version = null;
        return id is not null && s_byId.TryGetValue(id, out version);
    }

    /// <inheritdoc/>
    public override string ToString() => Id;
}
