using System.Text.Json;
using OrleansMatrix.Protocol.Push;

namespace OrleansMatrix.Protocol.Tests.Push;

public class PushConditionTests
{
    [Theory]
    [InlineData("""{"kind":"event_match","key":"content.topic","pattern":"lunc?*"}""", """{"topic":"Lunch plans"}""", true)]
    [InlineData("""{"kind":"event_match","key":"content.topic","pattern":"*"}""", """{"topic":null}""", false)]
    [InlineData("""{"kind":"event_match","key":"content.topic","pattern":"*"}""", "{}", false)]
    [InlineData("""{"kind":"event_match","key":"content.topic.deeper","pattern":"*"}""", """{"topic":"x"}""", false)]
    [InlineData("""{"kind":"event_match","key":"room_id","pattern":"!room:one"}""", "{}", true)]
    [InlineData("""{"kind":"event_match","key":"sender","pattern":"@SENDER:*"}""", "{}", true)]
    [InlineData("""{"kind":"event_match","key":"content.body","pattern":"cake"}""", """{"body":"a cake."}""", true)]
    [InlineData("""{"kind":"event_match","key":"content.body","pattern":"cake"}""", """{"body":"cakes"}""", false)]
    [InlineData("""{"kind":"event_match","pattern":"*"}""", "{}", false)]
    [InlineData("""{"kind":"event_property_is","key":"content.m\\.federate","value":true}""", """{"m.federate":true}""", true)]
    [InlineData("""{"kind":"event_property_is","key":"content.m\\.federate","value":true}""", """{"m.federate":"true"}""", false)]
    [InlineData("""{"kind":"event_property_is","key":"content.m\\.federate","value":true}""", """{"m.federate":1}""", false)]
    [InlineData("""{"kind":"event_property_is","key":"content.a\\\\b","value":null}""", """{"a\\b":null}""", true)]
    [InlineData("""{"kind":"event_property_is","key":"content.\\x","value":null}""", """{"\\x":null}""", true)]
    [InlineData("""{"kind":"event_property_is","key":"content.a","value":null}""", "{}", false)]
    [InlineData("""{"kind":"event_property_is","key":"content.a","value":9007199254740991}""", """{"a":9007199254740991}""", true)]
    [InlineData("""{"kind":"event_property_is","key":"content.a","value":"X"}""", """{"a":"x"}""", false)]
    [InlineData("""{"kind":"event_property_is","key":"content.a","value":{}}""", """{"a":{}}""", false)]
    [InlineData("""{"kind":"event_property_contains","key":"content.a","value":"#myroom:example.com"}""", """{"a":["#b:c","#myroom:example.com"]}""", true)]
    [InlineData("""{"kind":"event_property_contains","key":"content.a","value":":example.com"}""", """{"a":["#myroom:example.com"]}""", false)]
    [InlineData("""{"kind":"event_property_contains","key":"content.a","value":1}""", """{"a":["1",[1],1]}""", true)]
    [InlineData("""{"kind":"event_property_contains","key":"content.a","value":1}""", """{"a":1}""", false)]
    [InlineData("""{"kind":"contains_display_name"}""", """{"body":"hello, dis. name!"}""", true)]
    [InlineData("""{"kind":"contains_display_name"}""", """{"body":"dis. names"}""", false)]
    [InlineData("""{"kind":"room_member_count","is":"5"}""", "{}", true)]
    [InlineData("""{"kind":"room_member_count","is":"==5"}""", "{}", true)]
    [InlineData("""{"kind":"room_member_count","is":"<5"}""", "{}", false)]
    [InlineData("""{"kind":"room_member_count","is":"<=5"}""", "{}", true)]
    [InlineData("""{"kind":"room_member_count","is":">5"}""", "{}", false)]
    [InlineData("""{"kind":"room_member_count","is":">=5"}""", "{}", true)]
    [InlineData("""{"kind":"room_member_count","is":"=5"}""", "{}", false)]
    [InlineData("""{"kind":"room_member_count","is":"five"}""", "{}", false)]
    [InlineData("""{"kind":"room_member_count"}""", "{}", false)]
    [InlineData("""{"kind":"sender_notification_permission","key":"room"}""", "{}", false)]
    [InlineData("""{"kind":"org.example.unknown"}""", "{}", false)]
    public void Conditions_hold_as_specified(string condition, string content, bool expected)
    {
        var body = JsonDocument.Parse($$"""{"actions":["notify"],"conditions":[{{condition}}]}""").RootElement;
        var rules = PushRuleset.Default("@me:one").Put(PushRuleKind.Override, "mine", body).Value;
        var rule = rules.Evaluate(PushEventBuilder.Make("org.example.test", content), "Dis. Name");
        Assert.Equal(expected ? "mine" : null, rule?.RuleId);
    }

    [Theory]
    [InlineData("content.body", "content|body")]
    [InlineData(@"content.m\.relates_to", "content|m.relates_to")]
    [InlineData(@"content.m\\foo", @"content|m\foo")]
    [InlineData(@"a\x.b\", @"a\x|b\")]
    [InlineData("a..b", "a||b")]
    public void Paths_are_split_at_unescaped_dots(string path, string expected) => Assert.Equal(expected, string.Join('|', PropertyPath.Split(path)));
}
