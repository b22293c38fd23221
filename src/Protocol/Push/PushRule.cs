using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Protocol.Globs;

namespace OrleansMatrix.Protocol.Push;

/// <summary>One push rule of a user. Immutable.</summary>
public sealed record PushRule
{
    private static readonly ImmutableArray<string> s_body = ["content", "body"];
    private readonly Glob? _glob;

    /// <summary>The kind of the rule.</summary>
    public required PushRuleKind Kind { get; init; }

    /// <summary>The id, unique within the kind. Those of server-default rules start with a dot.</summary>
    public required string RuleId { get; init; }

    /// <summary>True for a server-default rule.</summary>
    public bool IsDefault { get; init; }

    /// <summary>A disabled rule never matches.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>What the rule does.</summary>
    public required PushActions Actions { get; init; }

    /// <summary>What must all hold; of <c>override</c> and <c>underride</c> rules only.</summary>
    public ImmutableArray<PushCondition> Conditions { get; init; } = [];

    /// <summary>The glob that must match the body; of <c>content</c> rules only.</summary>
    public string? Pattern
    {
        get => _glob?.Pattern;
        init => _glob = value is null ? null : new Glob(value);
    }

    /// <summary>Writes the rule as clients see it.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("rule_id"u8, RuleId);
        writer.WriteBoolean("default"u8, IsDefault);
        writer.WriteBoolean("enabled"u8, Enabled);
        if (Pattern is not null)
            writer.WriteString("pattern"u8, Pattern);
        if (Kind is PushRuleKind.Override or PushRuleKind.Underride)
        {
            writer.WriteStartArray("conditions"u8);
            foreach (var condition in Conditions)
                condition.Json.WriteTo(writer);
            writer.WriteEndArray();
        }

        writer.WritePropertyName("actions"u8);
        Actions.Json.WriteTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>Whether an enabled rule matches the event.</summary>
    internal bool Matches(PushEvent pushEvent, in PushUser user)
    {
        if (IsDefault && DefaultPushRules.IsOfBody(RuleId) && pushEvent.HasMentions)
            return false;
        switch (Kind)
        {
            case PushRuleKind.Room:
                return RuleId == pushEvent.RoomId;
            case PushRuleKind.Sender:
                return RuleId == pushEvent.Sender;
            case PushRuleKind.Content:
                return _glob is not null && pushEvent.Property("content.body", s_body).Text is { } body &&
                    pushEvent.HasTimeFor(_glob.CostOn(body.Length)) && _glob.IsWordMatch(body);
            default:
                foreach (var condition in Conditions)
                {
                    if (!condition.Matches(pushEvent, user))
                        return false;
                }

                return true;
        }
    }
}
