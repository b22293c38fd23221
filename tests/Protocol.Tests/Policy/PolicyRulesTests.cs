using System.Text;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Policy;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Policy;

/// <summary>What this server refuses as a policy server.</summary>
public sealed class PolicyRulesTests
{
    private static readonly PolicyRules s_rules = new(["@*:bad.example", "@spam?:*"], ["*casino*", "exactly"], maxMentions: 1);

    [Theory]
    [InlineData("@a:good.example", "m.room.message", "null", """{"body":"hello"}""", true)]
    [InlineData("@a:bad.example", "m.room.message", "null", """{"body":"hello"}""", false)]
    [InlineData("@spam1:good.example", "m.reaction", "null", "{}", false)]
    [InlineData("@a:good.example", "m.room.message", "null", """{"x":{"y":["Grand Casino"]}}""", false)]
    [InlineData("@a:good.example", "m.room.message", "null", """{"casino":"the name of a member is no text"}""", true)]
    [InlineData("@a:good.example", "m.room.message", "null", """{"body":"EXACTLY"}""", false)]
    [InlineData("@a:good.example", "m.room.message", "null", """{"body":"not exactly"}""", true)]
    [InlineData("@a:good.example", "m.room.message", "null", """{"m.mentions":{"user_ids":["@a:b"]}}""", true)]
    [InlineData("@a:good.example", "m.room.message", "null", """{"m.mentions":{"user_ids":["@a:b","@c:d"]}}""", false)]
    [InlineData("@a:good.example", "m.room.message", "null", """{"m.mentions":"none"}""", true)]
    [InlineData("@a:bad.example", "m.room.member", "\"@a:bad.example\"", """{"membership":"join"}""", false)]
    [InlineData("@a:bad.example", "m.room.member", "\"@a:bad.example\"", """{"membership":"leave","reason":"casino"}""", true)]
    [InlineData("@a:bad.example", "m.room.member", "\"@b:good.example\"", """{"membership":"leave"}""", false)]
    public void Senders_texts_and_mentions_are_judged_and_who_leaves_may(string sender, string type, string stateKey, string content, bool allowed)
    {
        var member = stateKey == "null" ? "" : $"\"state_key\":{stateKey},";
        var json = $$$"""
            {"auth_events":[],"content":{{{content}}},"depth":1,"hashes":{"sha256":"x"},"origin_server_ts":1,"prev_events":[],"room_id":"!r:good.example",
            "sender":"{{{sender}}}","signatures":{},{{{member}}}"type":"{{{type}}}"}
            """;
        Assert.True(Pdu.Parse(Encoding.UTF8.GetBytes(json), RoomVersion.V11).TryGet(out var pdu, out var malformed), malformed?.Message);
        var fault = s_rules.FindFault(pdu);
        Assert.Equal(allowed, fault is null);
        Assert.True(fault is null or { ErrCode: ErrCodes.Forbidden, Status: 400 });
    }
}
