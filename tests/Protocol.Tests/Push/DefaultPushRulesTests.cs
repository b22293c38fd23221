using OrleansMatrix.Protocol.Push;

namespace OrleansMatrix.Protocol.Tests.Push;

public class DefaultPushRulesTests
{
    private const string User = "@me:one";

    [Theory]
    [InlineData("m.room.message", null, """{"msgtype":"m.notice","body":"x"}""", ".m.rule.suppress_notices")]
    [InlineData("m.room.member", "@me:one", """{"membership":"invite"}""", ".m.rule.invite_for_me")]
    [InlineData("m.room.member", "@you:one", """{"membership":"invite"}""", ".m.rule.member_event")]
    [InlineData("m.room.member", "@me:one", """{"membership":"leave"}""", ".m.rule.member_event")]
    [InlineData("m.room.message", null, """{"body":"x","m.mentions":{"user_ids":["@a:one","@me:one"]}}""", ".m.rule.is_user_mention")]
    [InlineData("m.room.message", null, """{"body":"x","m.mentions":{"user_ids":["@a:one"]}}""", ".m.rule.message")]
    [InlineData("m.room.message", null, """{"body":"x","m.mentions":{"user_ids":"@me:one"}}""", ".m.rule.message")]
    [InlineData("m.room.tombstone", "", "{}", ".m.rule.tombstone")]
    [InlineData("m.room.tombstone", null, "{}", null)]
    [InlineData("m.room.tombstone", "x", "{}", null)]
    [InlineData("m.reaction", null, "{}", ".m.rule.reaction")]
    [InlineData("m.room.server_acl", "", "{}", ".m.rule.room.server_acl")]
    [InlineData("m.room.message", null, """{"m.relates_to":{"rel_type":"m.replace"}}""", ".m.rule.suppress_edits")]
    [InlineData("m.call.invite", null, "{}", ".m.rule.call")]
    [InlineData("m.room.message", null, """{"body":"hello Dis. Name"}""", ".m.rule.contains_display_name")]
    [InlineData("m.room.message", null, """{"body":"hello me"}""", ".m.rule.contains_user_name")]
    [InlineData("m.room.message", null, """{"body":"hello meadow @room"}""", ".m.rule.message")]
    [InlineData("m.room.message", null, """{"body":"hello me, Dis. Name, @room","m.mentions":{}}""", ".m.rule.message")]
    [InlineData("m.room.encrypted", null, "{}", ".m.rule.encrypted")]
    [InlineData("m.room.topic", "", """{"topic":"x"}""", null)]
    public void Defaults_match_what_they_are_made_for(string type, string? stateKey, string content, string? expected) =>
        Assert.Equal(expected, PushRuleset.Default(User).Evaluate(PushEventBuilder.Make(type, content, stateKey), "Dis. Name")?.RuleId);

    [Theory]
    [InlineData("m.room.message", ".m.rule.room_one_to_one")]
    [InlineData("m.room.encrypted", ".m.rule.encrypted_room_one_to_one")]
    public void Rooms_of_two_have_rules_of_their_own(string type, string expected)
    {
        var rule = PushRuleset.Default(User).Evaluate(PushEventBuilder.Make(type, "{}", members: 2), null);
        Assert.Equal(expected, rule?.RuleId);
        Assert.Equal("default", rule?.Actions.Sound);
    }

    [Theory]
    [InlineData("@mod:one", ".m.rule.is_room_mention")]
    [InlineData("@user:one", ".m.rule.message")]
    public void Room_mentions_take_the_power_to_notify(string sender, string expected)
    {
        var mention = PushEventBuilder.Make("m.room.message", """{"body":"x","m.mentions":{"room":true}}""", sender: sender);
        Assert.Equal(expected, PushRuleset.Default(User).Evaluate(mention, null)?.RuleId);
    }

    [Theory]
    [InlineData("@mod:one", "@room everybody", ".m.rule.roomnotif")]
    [InlineData("@user:one", "@room everybody", ".m.rule.message")]
    [InlineData("@mod:one", "@roommate", ".m.rule.message")]
    public void Room_mentions_in_the_body_take_it_too(string sender, string body, string expected)
    {
        var mention = PushEventBuilder.Make("m.room.message", $$"""{"body":"{{body}}"}""", sender: sender);
        Assert.Equal(expected, PushRuleset.Default(User).Evaluate(mention, null)?.RuleId);
    }

    [Fact]
    public void Room_mentions_must_be_the_boolean()
    {
        var mention = PushEventBuilder.Make("m.room.message", """{"body":"x","m.mentions":{"room":"true"}}""", sender: "@mod:one");
        Assert.Equal(".m.rule.message", PushRuleset.Default(User).Evaluate(mention, null)?.RuleId);
    }

    [Fact]
    public void Own_events_never_notify() =>
        Assert.Null(PushRuleset.Default(User).Evaluate(PushEventBuilder.Message("x", sender: User), null));

    [Fact]
    public void A_user_mention_highlights_and_a_suppressed_notice_does_nothing()
    {
        var rules = PushRuleset.Default(User);
        Assert.True(rules.TryGet(PushRuleKind.Override, ".m.rule.is_user_mention", out var mention));
        Assert.True(mention.Actions is { Notify: true, Highlight: true, Sound: "default" });
        Assert.True(rules.TryGet(PushRuleKind.Override, ".m.rule.suppress_notices", out var notice));
        Assert.True(notice.Actions is { Notify: false, Highlight: false, Sound: null });
    }

    [Fact]
    public void A_large_mention_list_is_searched_for_each_user()
    {
        var ids = string.Join(',', Enumerable.Range(0, 100).Select(i => $"\"@u{i}:one\""));
        var mention = PushEventBuilder.Make("m.room.message", $$"""{"body":"x","m.mentions":{"user_ids":[{{ids}}]} }""");
        Assert.Equal(".m.rule.is_user_mention", PushRuleset.Default("@u99:one").Evaluate(mention, null)?.RuleId);
        Assert.Equal(".m.rule.message", PushRuleset.Default("@u100:one").Evaluate(mention, null)?.RuleId);
    }
}
