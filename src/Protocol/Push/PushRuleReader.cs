using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Protocol.Push;

/// <summary>Reads push rules that clients send and that were stored.</summary>
internal static class PushRuleReader
{
    private const int MaxPatternLength = 1024;
    private const int MaxConditions = 100;

    /// <summary>Reads a rule out of a stored ruleset; null when it is none.</summary>
    public static PushRule? ReadStored(PushRuleKind kind, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("rule_id", out var id) || id.ValueKind != JsonValueKind.String)
            return null;
        var read = Read(kind, id.GetString()!, json, isDefault: IsTrue(json, "default"));
        return read.Ok ? read.Value with { Enabled = !json.TryGetProperty("enabled", out _) || IsTrue(json, "enabled") } : null;
    }

    /// <summary>Reads the body of a request that sets a rule; an error is 400 M_BAD_JSON, M_MISSING_PARAM or M_INVALID_PARAM.</summary>
    public static Outcome<PushRule> Read(PushRuleKind kind, string ruleId, JsonElement body, bool isDefault = false)
    {
        if (body.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("A push rule is an object");
        if (!body.TryGetProperty("actions", out var actionsJson))
            return MatrixError.MissingParam("actions is missing");
        if (!PushActions.Parse(actionsJson).TryGet(out var actions, out var error))
            return error;
        var rule = new PushRule { Kind = kind, RuleId = ruleId, IsDefault = isDefault, Actions = actions };
        return kind switch
        {
            _ when isDefault => rule,
            PushRuleKind.Content => ReadPattern(body, rule),
            PushRuleKind.Override or PushRuleKind.Underride => ReadConditions(body, rule),
            _ => rule,
        };
    }

    /// <summary>What a client may not send although a stored rule may have it: optional members of the wrong type. M_INVALID_PARAM.</summary>
    public static MatrixError? FindWrongType(JsonElement body)
    {
        if (body.TryGetProperty("actions", out var actions) && PushActions.FindWrongType(actions) is { } action)
            return action;
        if (!body.TryGetProperty("conditions", out var conditions) || conditions.ValueKind != JsonValueKind.Array)
            return null;
        foreach (var condition in conditions.EnumerateArray().Where(c => c.ValueKind == JsonValueKind.Object))
        {
            foreach (var name in (ReadOnlySpan<string>)["key", "pattern", "is"])
            {
                if (condition.TryGetProperty(name, out var text) && text.ValueKind != JsonValueKind.String)
                    return MatrixError.InvalidParam($"{name} of a condition is not a string");
            }
        }

        return null;
    }

    private static Outcome<PushRule> ReadPattern(JsonElement body, PushRule rule)
    {
        if (!body.TryGetProperty("pattern", out var pattern))
            return MatrixError.MissingParam("A content rule needs a pattern");
        if (pattern.ValueKind != JsonValueKind.String || pattern.GetString() is not { Length: <= MaxPatternLength } text)
            return MatrixError.InvalidParam("pattern is not a string of a sensible length");
        return rule with { Pattern = text };
    }

    private static Outcome<PushRule> ReadConditions(JsonElement body, PushRule rule)
    {
        if (!body.TryGetProperty("conditions", out var list))
            return rule;
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxConditions)
            return MatrixError.InvalidParam("conditions is not a list of a sensible length");
        var conditions = ImmutableArray.CreateBuilder<PushCondition>();
        foreach (var json in list.EnumerateArray())
        {
            if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("kind", out var kind) || kind.ValueKind != JsonValueKind.String)
                return MatrixError.InvalidParam("A condition has no kind");
            if (json.TryGetProperty("pattern", out var pattern) && pattern.GetRawText().Length > MaxPatternLength)
                return MatrixError.InvalidParam("A pattern is too long");
            conditions.Add(PushCondition.Parse(json));
        }

        return rule with { Conditions = conditions.DrainToImmutable() };
    }

    private static bool IsTrue(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
}
