using System.Buffers;
using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Push;

namespace OrleansMatrix.Protocol.Tests.Push;

public class PushRulesetTests
{
    private const string User = "@me:one";
    private static readonly PushRuleset s_default = PushRuleset.Default(User);

    [Fact]
    public void Kinds_are_tried_in_their_order()
    {
        var message = PushEventBuilder.Message("cake");
        var rules = s_default;
        Assert.Equal(".m.rule.message", Matching());
        rules = Put(rules, PushRuleKind.Underride, "under", """{"actions":[]}""");
        Assert.Equal("under", Matching());
        rules = Put(rules, PushRuleKind.Sender, "@sender:one", """{"actions":[]}""");
        Assert.Equal("@sender:one", Matching());
        rules = Put(rules, PushRuleKind.Room, "!room:one", """{"actions":[]}""");
        Assert.Equal("!room:one", Matching());
        rules = Put(rules, PushRuleKind.Content, "content", """{"actions":[],"pattern":"c?ke"}""");
        Assert.Equal("content", Matching());
        rules = Put(rules, PushRuleKind.Override, "over", """{"actions":[]}""");
        Assert.Equal("over", Matching());
        rules = rules.SetEnabled(PushRuleKind.Override, ".m.rule.master", Json("""{"enabled":true}""")).Value;
        Assert.Equal(".m.rule.master", Matching());

        string? Matching() => rules.Evaluate(message, null)?.RuleId;
    }

    [Fact]
    public void Own_overrides_go_before_the_defaults_but_after_the_master_rule()
    {
        var rules = Put(s_default, PushRuleKind.Override, "mine", """{"actions":[]}""");
        Assert.Equal([".m.rule.master", "mine", ".m.rule.suppress_notices"], rules.Of(PushRuleKind.Override).Take(3).Select(r => r.RuleId));
    }

    [Theory]
    [InlineData(null, null, "c b a")]
    [InlineData("a", null, "b c a")]
    [InlineData(null, "b", "b c a")]
    [InlineData("b", null, "c b a")]
    [InlineData(null, "a", "b a c")]
    [InlineData("b", "a", "c b a")]
    public void New_rules_go_where_they_are_asked_to(string? before, string? after, string expected)
    {
        var rules = Put(Put(s_default, PushRuleKind.Room, "a", """{"actions":[]}"""), PushRuleKind.Room, "b", """{"actions":[]}""");
        rules = rules.Put(PushRuleKind.Room, "c", Json("""{"actions":[]}"""), before, after).Value;
        Assert.Equal(expected, string.Join(' ', rules.Own(PushRuleKind.Room).Select(r => r.RuleId)));
    }

    [Fact]
    public void A_changed_rule_keeps_its_place_and_whether_it_is_enabled()
    {
        var rules = Put(Put(s_default, PushRuleKind.Room, "a", """{"actions":[]}"""), PushRuleKind.Room, "b", """{"actions":[]}""");
        rules = rules.SetEnabled(PushRuleKind.Room, "a", Json("""{"enabled":false}""")).Value;
        rules = Put(rules, PushRuleKind.Room, "a", """{"actions":["notify"]}""");
        Assert.Equal(["b", "a"], rules.Own(PushRuleKind.Room).Select(r => r.RuleId));
        Assert.True(rules.TryGet(PushRuleKind.Room, "a", out var rule));
        Assert.False(rule.Enabled);
        Assert.True(rule.Actions.Notify);
        Assert.Equal(["a", "b"], rules.Put(PushRuleKind.Room, "a", Json("""{"actions":[]}"""), before: "b").Value.Own(PushRuleKind.Room).Select(r => r.RuleId));
    }

    [Theory]
    [InlineData(PushRuleKind.Override, ".mine", """{"actions":[]}""", ErrCodes.InvalidParam)]
    [InlineData(PushRuleKind.Room, "fo\\o", """{"actions":[]}""", ErrCodes.InvalidParam)]
    [InlineData(PushRuleKind.Room, "fo/o", """{"actions":[]}""", ErrCodes.InvalidParam)]
    [InlineData(PushRuleKind.Room, "", """{"actions":[]}""", ErrCodes.InvalidParam)]
    [InlineData(PushRuleKind.Room, "a", "{}", ErrCodes.MissingParam)]
    [InlineData(PushRuleKind.Room, "a", "[]", ErrCodes.BadJson)]
    [InlineData(PushRuleKind.Room, "a", """{"actions":"notify"}""", ErrCodes.InvalidParam)]
    [InlineData(PushRuleKind.Room, "a", """{"actions":["not_an_action"]}""", ErrCodes.InvalidParam)]
    [InlineData(PushRuleKind.Room, "a", """{"actions":[{"tweak":1}]}""", ErrCodes.InvalidParam)]
    [InlineData(PushRuleKind.Content, "a", """{"actions":[]}""", ErrCodes.MissingParam)]
    [InlineData(PushRuleKind.Content, "a", """{"actions":[],"pattern":1}""", ErrCodes.InvalidParam)]
    [InlineData(PushRuleKind.Underride, "a", """{"actions":[],"conditions":[{}]}""", ErrCodes.InvalidParam)]
    [InlineData(PushRuleKind.Override, "a", """{"actions":[],"conditions":{}}""", ErrCodes.InvalidParam)]
    public void Bad_rules_are_refused(PushRuleKind kind, string ruleId, string body, string errcode)
    {
        var error = s_default.Put(kind, ruleId, Json(body)).Error;
        Assert.Equal((errcode, 400), (error?.ErrCode, error?.Status));
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData(".m.rule.master")]
    [InlineData("a")]
    public void Rules_cannot_go_next_to_rules_that_are_not_the_users_own(string anchor)
    {
        var error = s_default.Put(PushRuleKind.Override, "a", Json("""{"actions":[]}"""), before: anchor).Error;
        Assert.Equal((ErrCodes.Unknown, 400, $"before/after rule not found: {anchor}"), (error?.ErrCode, error?.Status, error?.Message));
    }

    [Fact]
    public void Only_own_rules_can_be_deleted()
    {
        var rules = Put(s_default, PushRuleKind.Override, "mine", """{"actions":[]}""");
        Assert.Empty(rules.Delete(PushRuleKind.Override, "mine").Value.Own(PushRuleKind.Override));
        Assert.Equal(404, rules.Delete(PushRuleKind.Override, ".m.rule.master").Error?.Status);
        Assert.Equal(404, rules.Delete(PushRuleKind.Room, "mine").Error?.Status);
    }

    [Fact]
    public void Unknown_rules_have_neither_actions_nor_a_switch()
    {
        Assert.Equal(404, s_default.SetEnabled(PushRuleKind.Override, ".not.a.default.rule", Json("""{"enabled":true}""")).Error?.Status);
        Assert.Equal(404, s_default.SetActions(PushRuleKind.Sender, "@bob:example.com", Json("""{"actions":[]}""")).Error?.Status);
        Assert.Equal(400, s_default.SetEnabled(PushRuleKind.Override, ".m.rule.master", Json("""{"enabled":"yes"}""")).Error?.Status);
        Assert.Equal(400, s_default.SetActions(PushRuleKind.Override, ".m.rule.master", Json("""{"actions":["x"]}""")).Error?.Status);
    }

    [Fact]
    public void Historical_actions_are_kept_but_do_nothing()
    {
        var rules = s_default.SetActions(PushRuleKind.Underride, ".m.rule.message", Json("""{"actions":["dont_notify"]}""")).Value;
        var rule = rules.Evaluate(PushEventBuilder.Message("x"), null);
        Assert.Equal(".m.rule.message", rule?.RuleId);
        Assert.False(rule?.Actions.Notify);
        Assert.Equal("""["dont_notify"]""", rule?.Actions.Json.GetRawText());
    }

    [Fact]
    public void Rules_survive_being_stored()
    {
        var rules = Put(s_default, PushRuleKind.Content, "c", """{"actions":["notify",{"set_tweak":"sound","value":"bing"}],"pattern":"cake*lie"}""");
        rules = Put(rules, PushRuleKind.Override, "o", """{"actions":[],"conditions":[{"kind":"org.example","more":[1]}]}""");
        rules = rules.SetEnabled(PushRuleKind.Override, "o", Json("""{"enabled":false}""")).Value;
        rules = rules.SetEnabled(PushRuleKind.Override, ".m.rule.master", Json("""{"enabled":true}""")).Value;
        rules = rules.SetActions(PushRuleKind.Underride, ".m.rule.call", Json("""{"actions":[]}""")).Value;
        var stored = Write(rules);
        Assert.Equal(stored, Write(PushRuleset.Parse(User, Json(stored))));
        Assert.Contains("""{"rule_id":"o","default":false,"enabled":false,"conditions":[{"kind":"org.example","more":[1]}],"actions":[]}""", stored,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"global":[]}""")]
    [InlineData("""{"global":{"override":{},"content":[1,{"rule_id":1},{"rule_id":"x"},{"rule_id":"x","actions":[]}]}}""")]
    [InlineData("""{"global":{"override":[{"rule_id":".m.rule.gone","default":true,"actions":["notify"]}]}}""")]
    public void Stored_rules_that_are_none_are_left_out_and_defaults_are_complete(string stored) =>
        Assert.Equal(Write(s_default), Write(PushRuleset.Parse(User, Json(stored))));

    [Fact]
    public void Tweaks_unknown_here_reach_the_gateway()
    {
        var rules = Put(s_default, PushRuleKind.Override, "o",
            """{"actions":["notify",{"set_tweak":"highlight"},{"set_tweak":"org.light","value":{"on":1}}]}""");
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            rules.Own(PushRuleKind.Override)[0].Actions.WriteTweaks(writer);
        Assert.Equal("""{"highlight":true,"org.light":{"on":1}}""", Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    [Fact]
    public void Rules_that_take_too_long_on_an_event_do_not_match_it_and_cost_nobody_else()
    {
        var body = new string('a', 50_000) + " cake";
        var message = PushEventBuilder.Message(body);
        var slow = $$$"""{"kind":"event_match","key":"content.body","pattern":"*{{{new string('a', 900)}}}b*"}""";
        var conditions = string.Join(',', Enumerable.Repeat(slow, 20));
        var cake = Put(s_default, PushRuleKind.Content, "cake", """{"actions":[],"pattern":"cake"}""");
        var both = Put(cake, PushRuleKind.Override, "slow", $$$"""{"actions":[],"conditions":[{{{conditions}}}]}""");
        Assert.Equal(".m.rule.message", both.Evaluate(message, null)?.RuleId);
        Assert.Equal("cake", cake.Evaluate(message, null)?.RuleId);
        Assert.Equal("cake", both.Evaluate(PushEventBuilder.Message("aaaaaaaaaaaaaaaa cake"), null)?.RuleId);
    }

    [Fact]
    public void Evaluating_an_event_for_a_thousand_users_allocates_next_to_nothing()
    {
        var users = Enumerable.Range(0, 1000).Select(i => PushRuleset.Default($"@u{i}:one")).ToArray();
        Evaluate(PushEventBuilder.Message("warm up"));
        var message = PushEventBuilder.Message("hello");
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(1000, Evaluate(message));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_000);

        int Evaluate(PushEvent pushEvent)
        {
            var notified = 0;
            foreach (var rules in users)
                notified += rules.Evaluate(pushEvent, "Name")?.Actions.Notify == true ? 1 : 0;
            return notified;
        }
    }

    private static PushRuleset Put(PushRuleset rules, PushRuleKind kind, string ruleId, string body) => rules.Put(kind, ruleId, Json(body)).Value;

    private static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement.Clone();

    private static string Write(PushRuleset rules)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            rules.WriteTo(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
