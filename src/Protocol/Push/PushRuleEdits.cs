using System.Text.Json;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Protocol.Push;

/// <summary>The changes to push rules that the client-server API offers (C-S API, Push Rules: API). Each gives a new ruleset or an error.</summary>
public static class PushRuleEdits
{
    /// <summary>The most rules of its own that a user may have in one kind.</summary>
    public const int MaxOwnRules = 1000;

    private const int MaxRuleIdLength = 512;

    /// <summary>Creates or changes a rule (PUT pushrules/global/{kind}/{ruleId}).</summary>
    /// <param name="rules">The rules so far.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="ruleId">The id.</param>
    /// <param name="body">The request; it need not outlive the call.</param>
    /// <param name="before">The id of the rule that is to follow, or null.</param>
    /// <param name="after">The id of the rule that is to go before, or null; <paramref name="before"/> goes first.</param>
    public static Outcome<PushRuleset> Put(
        this PushRuleset rules, PushRuleKind kind, string ruleId, JsonElement body, string? before = null, string? after = null)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(ruleId);
        if (ruleId.StartsWith('.'))
            return MatrixError.InvalidParam("Rule ids that start with a dot are reserved for server-default rules");
        if (ruleId.Length is 0 or > MaxRuleIdLength || ruleId.AsSpan().ContainsAny('/', '\\'))
            return MatrixError.InvalidParam("The rule id is empty or too long or has a slash in it");
        if (!PushRuleReader.Read(kind, ruleId, body.Clone()).TryGet(out var rule, out var error))
            return error;
        if (PushRuleReader.FindWrongType(body) is { } wrong)
            return wrong;

        var own = rules.Own(kind);
        var existing = own.FirstOrDefault(r => r.RuleId == ruleId);
        // "When creating push rules, they MUST be enabled by default"; a changed one stays as it was.
        rule = rule with { Enabled = existing?.Enabled ?? true };
        var anchor = before ?? after;
        if (anchor is null)
            return existing is null ? rules.WithOwn(kind, own.Insert(0, rule)) : rules.WithChanged(rule);

        var others = existing is null ? own : own.Remove(existing);
        var index = others.Select(r => r.RuleId).ToList().IndexOf(anchor);
        if (index < 0)
            return MatrixError.Unknown($"before/after rule not found: {anchor}");
        return rules.WithOwn(kind, others.Insert(before is null ? index + 1 : index, rule));
    }

    /// <summary>Deletes a rule of the user's own; 404 for any other.</summary>
    public static Outcome<PushRuleset> Delete(this PushRuleset rules, PushRuleKind kind, string ruleId)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return rules.TryGet(kind, ruleId, out var rule) && !rule.IsDefault
            ? rules.WithOwn(kind, rules.Own(kind).Remove(rule))
            : NotFound();
    }

    /// <summary>Enables or disables a rule, default ones too (PUT .../enabled).</summary>
    public static Outcome<PushRuleset> SetEnabled(this PushRuleset rules, PushRuleKind kind, string ruleId, JsonElement body)
    {
        ArgumentNullException.ThrowIfNull(rules);
        if (!rules.TryGet(kind, ruleId, out var rule))
            return NotFound();
        return body.ValueKind == JsonValueKind.Object && body.TryGetProperty("enabled", out var enabled) &&
            enabled.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? rules.WithChanged(rule with { Enabled = enabled.ValueKind == JsonValueKind.True })
            : MatrixError.InvalidParam("enabled is not a boolean");
    }

    /// <summary>Sets the actions of a rule, default ones too (PUT .../actions).</summary>
    public static Outcome<PushRuleset> SetActions(this PushRuleset rules, PushRuleKind kind, string ruleId, JsonElement body)
    {
        ArgumentNullException.ThrowIfNull(rules);
        if (!rules.TryGet(kind, ruleId, out var rule))
            return NotFound();
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("actions", out var json))
            return MatrixError.MissingParam("actions is missing");
        if (!PushActions.Parse(json.Clone()).TryGet(out var actions, out var error))
            return error;
        if (PushActions.FindWrongType(json) is { } wrong)
            return wrong;
        return rules.WithChanged(rule with { Actions = actions });
    }

    /// <summary>
    /// Gives a room's replacement the enabled rules that go by the room's id, of kinds room and override (by which clients silence a room). The same object if
    /// there are none, or the replacement has its own.
    /// </summary>
    public static PushRuleset CopyRoom(this PushRuleset rules, string roomId, string successor)
    {
        ArgumentNullException.ThrowIfNull(rules);
        foreach (var kind in (ReadOnlySpan<PushRuleKind>)[PushRuleKind.Override, PushRuleKind.Room])
        {
            if (!rules.TryGet(kind, roomId, out var rule) || !rule.Enabled || rules.TryGet(kind, successor, out _) || rules.OwnCount >= MaxOwnRules)
                continue;
            var copy = rule with { RuleId = successor, Conditions = [.. rule.Conditions.Select(c => c.Naming(roomId, successor))] };
            rules = rules.WithOwn(kind, rules.Own(kind).Insert(0, copy));
        }

        return rules;
    }

    private static MatrixError NotFound() => MatrixError.NotFound("The push rule was not found.");
}
