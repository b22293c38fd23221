using System.Text.Json;
using BenchmarkDotNet.Attributes;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Push;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Benchmarks;

/// <summary>One event for the push rules of a thousand users: of the default rules, and with ten rules of each user's own.</summary>
[MemoryDiagnoser]
public class PushEvaluation
{
    private static readonly PowerLevels s_levels = PowerLevels.Of(RoomVersion.V12, null, null);
    private readonly PushRuleset[] _defaults = [.. Enumerable.Range(0, 1000).Select(i => PushRuleset.Default($"@user{i}:example.org"))];
    private readonly PushRuleset[] _own;

    public PushEvaluation() => _own = [.. _defaults.Select(WithOwnRules)];

    [Benchmark]
    public int Default() => Evaluate(_defaults);

    [Benchmark]
    public int WithOwnRules() => Evaluate(_own);

    private static int Evaluate(PushRuleset[] users)
    {
        var pushEvent = new PushEvent(ProtocolEvents.Message, 1000, s_levels);
        var notified = 0;
        foreach (var rules in users)
        {
            if (rules.Evaluate(pushEvent, "Some Name") is { Actions.Notify: true })
                notified++;
        }

        return notified;
    }

    private static PushRuleset WithOwnRules(PushRuleset rules)
    {
        for (var i = 0; i < 5; i++)
        {
            rules = Put(rules, PushRuleKind.Content, $"word{i}", $$"""{"actions":["notify"],"pattern":"keyword{{i}}*"}""");
            rules = Put(rules, PushRuleKind.Room, $"!muted{i}:example.org", """{"actions":[]}""");
        }

        return rules;
    }

    private static PushRuleset Put(PushRuleset rules, PushRuleKind kind, string id, string json)
    {
        using var body = JsonDocument.Parse(json);
        return rules.Put(kind, id, body.RootElement).Value;
    }
}
