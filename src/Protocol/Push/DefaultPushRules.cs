using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Push;

/// <summary>
/// The server-default rules (C-S API, Push rules, Predefined Rules), in their order; and those for mentions in the body, which the specification has no more
/// but all deployed servers have, and without which bridges and older clients mention nobody (ADR 0141).
/// </summary>
internal static class DefaultPushRules
{
    public const string Master = ".m.rule.master";

    private const string Notify = """["notify"]""";
    private const string NotifySound = """["notify",{"set_tweak":"sound","value":"default"}]""";
    private const string NotifyHighlight = """["notify",{"set_tweak":"highlight"}]""";
    private const string NotifySoundHighlight = """["notify",{"set_tweak":"sound","value":"default"},{"set_tweak":"highlight"}]""";
    private const string ContainsDisplayName = ".m.rule.contains_display_name";
    private const string ContainsUserName = ".m.rule.contains_user_name";
    private const string RoomNotification = ".m.rule.roomnotif";
    private const string UserPlaceholder = "\"%user%\"";

    private static readonly ImmutableArray<Template> s_override =
    [
        new(Master, "[]", []) { Enabled = false },
        new(".m.rule.suppress_notices", "[]", [Match("content.msgtype", "m.notice")]),
        new(".m.rule.invite_for_me", NotifySound,
        [
            Match("type", "m.room.member"),
            Match("content.membership", "invite"),
            $$"""{"kind":"event_match","key":"state_key","pattern":{{UserPlaceholder}}}""",
        ]),
        new(".m.rule.member_event", "[]", [Match("type", "m.room.member")]),
        new(".m.rule.is_user_mention", NotifySoundHighlight,
        [
            $$"""{"kind":"event_property_contains","key":"content.m\\.mentions.user_ids","value":{{UserPlaceholder}}}""",
        ]),
        new(ContainsDisplayName, NotifySoundHighlight, ["""{"kind":"contains_display_name"}"""]),
        new(".m.rule.is_room_mention", NotifyHighlight,
        [
            """{"kind":"event_property_is","key":"content.m\\.mentions.room","value":true}""",
            """{"kind":"sender_notification_permission","key":"room"}""",
        ]),
        new(RoomNotification, NotifyHighlight,
        [
            Match("content.body", "@room"),
            """{"kind":"sender_notification_permission","key":"room"}""",
        ]),
        new(".m.rule.tombstone", NotifyHighlight, [Match("type", "m.room.tombstone"), Match("state_key", "")]),
        new(".m.rule.reaction", "[]", [Match("type", "m.reaction")]),
        new(".m.rule.room.server_acl", "[]", [Match("type", "m.room.server_acl"), Match("state_key", "")]),
        new(".m.rule.suppress_edits", "[]",
        [
            """{"kind":"event_property_is","key":"content.m\\.relates_to.rel_type","value":"m.replace"}""",
        ]),
    ];

    private static readonly ImmutableArray<Template> s_underride =
    [
        new(".m.rule.call", """["notify",{"set_tweak":"sound","value":"ring"}]""", [Match("type", "m.call.invite")]),
        new(".m.rule.encrypted_room_one_to_one", NotifySound, [TwoMembers, Match("type", "m.room.encrypted")]),
        new(".m.rule.room_one_to_one", NotifySound, [TwoMembers, Match("type", "m.room.message")]),
        new(".m.rule.message", Notify, [Match("type", "m.room.message")]),
        new(".m.rule.encrypted", Notify, [Match("type", "m.room.encrypted")]),
    ];

    private static readonly Template s_userName = new(ContainsUserName, NotifySoundHighlight, []);

    // Conditions that do not name the user are one object for all users, so that an event looks at each of them once.
    private static readonly ImmutableDictionary<string, PushCondition> s_shared = Share();

    private static string TwoMembers => """{"kind":"room_member_count","is":"2"}""";

    /// <summary>Whether a rule looks for mentions in the body: not in events with <c>m.mentions</c>, be it empty.</summary>
    public static bool IsOfBody(string ruleId) => ruleId is ContainsDisplayName or ContainsUserName or RoomNotification;

    /// <summary>The default rules of a kind for a user, the most important first.</summary>
    public static ImmutableArray<PushRule> Of(PushRuleKind kind, string userId) => kind switch
    {
        PushRuleKind.Override => [.. s_override.Select(t => Rule(kind, t, userId))],
        PushRuleKind.Underride => [.. s_underride.Select(t => Rule(kind, t, userId))],
        PushRuleKind.Content => [Rule(kind, s_userName, userId) with { Pattern = UserId.Parse(userId).Localpart.ToString() }],
        _ => [],
    };

    private static PushRule Rule(PushRuleKind kind, Template template, string userId) => new()
    {
        Kind = kind,
        RuleId = template.RuleId,
        IsDefault = true,
        Enabled = template.Enabled,
        Actions = template.Actions,
        Conditions = [.. template.Conditions.Select(json => Condition(json, userId))],
    };

    private static PushCondition Condition(string json, string userId) =>
        s_shared.TryGetValue(json, out var shared)
            ? shared
            : PushCondition.Parse(Parse(json.Replace(UserPlaceholder, $"\"{JsonEncodedText.Encode(userId)}\"", StringComparison.Ordinal)));

    private static ImmutableDictionary<string, PushCondition> Share()
    {
        var shared = ImmutableDictionary.CreateBuilder<string, PushCondition>(StringComparer.Ordinal);
        foreach (var json in s_override.Concat(s_underride).SelectMany(t => t.Conditions))
        {
            if (!json.Contains(UserPlaceholder, StringComparison.Ordinal) && !shared.ContainsKey(json))
                shared.Add(json, PushCondition.Parse(Parse(json), shared.Count));
        }

        return shared.ToImmutable();
    }

    private static string Match(string key, string pattern) => $$"""{"kind":"event_match","key":"{{key}}","pattern":"{{pattern}}"}""";

    private static JsonElement Parse(string json)
    {
        using var document = JsonText.Parse(Encoding.UTF8.GetBytes(json));
        return document.RootElement.Clone();
    }

    private sealed record Template(string RuleId, string ActionsJson, ImmutableArray<string> Conditions)
    {
        public bool Enabled { get; init; } = true;

        public PushActions Actions { get; } = PushActions.Parse(Parse(ActionsJson)).Value;
    }
}
