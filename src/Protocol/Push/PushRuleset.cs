using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace OrleansMatrix.Protocol.Push;

/// <summary>
/// The push rules of one user, ready to be evaluated: the server-default rules with what the user changed about them, and the user's own.
/// Immutable; <see cref="PushRuleEdits"/> has the changes that the API offers.
/// </summary>
public sealed class PushRuleset
{
    private readonly ImmutableArray<PushRule>[] _own;
    private readonly ImmutableArray<PushRule>[] _defaults;
    private readonly PushRule[] _before;
    private readonly Dictionary<string, PushRule> _rooms;
    private readonly Dictionary<string, PushRule> _senders;
    private readonly PushRule[] _after;

    private PushRuleset(string userId, ImmutableArray<PushRule>[] own, ImmutableArray<PushRule>[] defaults)
    {
        UserId = userId;
        _own = own;
        _defaults = defaults;
        _before = [.. Enabled(PushRuleKind.Override), .. Enabled(PushRuleKind.Content)];
        _rooms = ById(PushRuleKind.Room);
        _senders = ById(PushRuleKind.Sender);
        _after = [.. Enabled(PushRuleKind.Underride)];
    }

    /// <summary>Whose rules they are.</summary>
    public string UserId { get; }

    /// <summary>The rules of a user who changed none.</summary>
    public static PushRuleset Default(string userId) => new(
        userId,
        [.. PushRuleKinds.All.Select(_ => ImmutableArray<PushRule>.Empty)],
        [.. PushRuleKinds.All.Select(kind => DefaultPushRules.Of(kind, userId))]);

    /// <summary>
    /// Reads the content of <c>m.push_rules</c> as <see cref="WriteTo"/> writes it. Default rules that it lacks are added, those that are no
    /// longer are dropped, and so is what is no rule. <paramref name="content"/> is kept, so it must not be of a disposed document.
    /// </summary>
    public static PushRuleset Parse(string userId, JsonElement content)
    {
        var rules = Default(userId);
        if (content.ValueKind != JsonValueKind.Object || !content.TryGetProperty("global", out var global) ||
            global.ValueKind != JsonValueKind.Object)
            return rules;
        foreach (var kind in PushRuleKinds.All)
        {
            if (global.TryGetProperty(kind.Name(), out var list) && list.ValueKind == JsonValueKind.Array)
                rules = rules.Merge(kind, list);
        }

        return rules;
    }

    /// <summary>The rules of a kind, the most important first.</summary>
    public ImmutableArray<PushRule> Of(PushRuleKind kind)
    {
        var own = _own[(int)kind];
        var defaults = _defaults[(int)kind];
        // Only the master rule goes before the user's rules (C-S API, Push rules, Predefined Rules).
        return defaults is [{ RuleId: DefaultPushRules.Master }, ..] ? [defaults[0], .. own, .. defaults[1..]] : [.. own, .. defaults];
    }

    /// <summary>How many rules of the user's own there are, of all kinds.</summary>
    public int OwnCount => _own.Sum(static rules => rules.Length);

    /// <summary>The user's own rules of a kind, the most important first.</summary>
    public ImmutableArray<PushRule> Own(PushRuleKind kind) => _own[(int)kind];

    /// <summary>Finds a rule.</summary>
    public bool TryGet(PushRuleKind kind, string ruleId, [NotNullWhen(true)] out PushRule? rule)
    {
        rule = _own[(int)kind].FirstOrDefault(r => r.RuleId == ruleId) ?? _defaults[(int)kind].FirstOrDefault(r => r.RuleId == ruleId);
        return rule is not null;
    }

    /// <summary>The first rule that matches an event; null when none does or the event is the user's own.</summary>
    /// <param name="pushEvent">The event, the same object for all users of the room.</param>
    /// <param name="displayName">The user's display name in the room, if any.</param>
    public PushRule? Evaluate(PushEvent pushEvent, string? displayName)
    {
        ArgumentNullException.ThrowIfNull(pushEvent);
        if (pushEvent.Sender == UserId)
            return null;
        pushEvent.Begin();
        var user = new PushUser(UserId, displayName);
        return First(_before, pushEvent, user) ?? Lookup(_rooms, pushEvent.RoomId) ?? Lookup(_senders, pushEvent.Sender) ??
            First(_after, pushEvent, user);
    }

    /// <summary>Writes the content of <c>m.push_rules</c>: what clients see and what is stored.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WritePropertyName("global"u8);
        WriteGlobalTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>Writes the global ruleset, the only one there is.</summary>
    public void WriteGlobalTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        foreach (var kind in PushRuleKinds.All)
        {
            writer.WriteStartArray(kind.Name());
            foreach (var rule in Of(kind))
                rule.WriteTo(writer);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    internal PushRuleset WithOwn(PushRuleKind kind, ImmutableArray<PushRule> rules) => new(UserId, Replace(_own, kind, rules), _defaults);

    /// <summary>The ruleset with one rule, the user's or a default one, in the place of that with the same id.</summary>
    internal PushRuleset WithChanged(PushRule rule) => rule.IsDefault
        ? new(UserId, _own, Replace(_defaults, rule.Kind, Replace(_defaults[(int)rule.Kind], rule)))
        : WithOwn(rule.Kind, Replace(_own[(int)rule.Kind], rule));

    private static ImmutableArray<PushRule> Replace(ImmutableArray<PushRule> rules, PushRule rule) =>
        [.. rules.Select(r => r.RuleId == rule.RuleId ? rule : r)];

    private static ImmutableArray<PushRule>[] Replace(ImmutableArray<PushRule>[] kinds, PushRuleKind kind, ImmutableArray<PushRule> rules)
    {
        ImmutableArray<PushRule>[] copy = [.. kinds];
        copy[(int)kind] = rules;
        return copy;
    }

    private static PushRule? First(PushRule[] rules, PushEvent pushEvent, in PushUser user)
    {
        foreach (var rule in rules)
        {
            if (rule.Matches(pushEvent, user))
                return rule;
        }

        return null;
    }

    private static PushRule? Lookup(Dictionary<string, PushRule> rules, string id) =>
        rules.Count > 0 && rules.TryGetValue(id, out var rule) ? rule : null;

    private IEnumerable<PushRule> Enabled(PushRuleKind kind) => Of(kind).Where(r => r.Enabled);

    private Dictionary<string, PushRule> ById(PushRuleKind kind) => Enabled(kind).ToDictionary(r => r.RuleId, StringComparer.Ordinal);

    private PushRuleset Merge(PushRuleKind kind, JsonElement list)
    {
        var rules = this;
        var own = ImmutableArray.CreateBuilder<PushRule>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var json in list.EnumerateArray())
        {
            if (PushRuleReader.ReadStored(kind, json) is not { } rule || !seen.Add(rule.RuleId))
                continue;
            if (!rule.IsDefault)
                own.Add(rule);
            else if (rules._defaults[(int)kind].FirstOrDefault(r => r.RuleId == rule.RuleId) is { } known)
                rules = rules.WithChanged(known with { Enabled = rule.Enabled, Actions = rule.Actions });
        }

        return own.Count == 0 ? rules : rules.WithOwn(kind, own.DrainToImmutable());
    }
}
