using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Policy;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Protocol.Tests.Authorization;

namespace OrleansMatrix.Protocol.Tests.Policy;

public class RoomPolicyServerTests
{
    private static readonly SigningKey s_key = SigningKey.FromSeed("policy_server", new byte[32]);
    private static readonly SigningKey s_other = SigningKey.FromSeed("policy_server", Enumerable.Repeat((byte)1, 32).ToArray());
    private static readonly ServerName s_server = ServerName.Parse("policy.one");
    private static readonly Pdu s_message = Event("m.room.message", null, """{"body":"x"}""");

    [Fact]
    public void An_event_with_the_servers_signature_is_recommended()
    {
        var server = Parse();
        Assert.Equal("policy.one", server.Via);
        Assert.True(server.Recommends(EventSignatures.Sign(s_message, s_server, s_key)));
        Assert.False(server.Recommends(s_message));
        Assert.False(server.Recommends(EventSignatures.Sign(s_message, s_server, s_other)));
        Assert.False(server.Recommends(EventSignatures.Sign(s_message, ServerName.Parse("other.one"), s_key)));
        Assert.False(server.Recommends(EventSignatures.Sign(s_message, s_server, SigningKey.FromSeed("else", new byte[32]))));
    }

    [Fact]
    public void Only_the_policy_itself_needs_no_signature()
    {
        var server = Parse();
        Assert.True(server.Recommends(Event(EventTypes.Policy, "", "{}")));
        Assert.False(server.Recommends(Event(EventTypes.Policy, "x", "{}")));
        Assert.False(server.Recommends(Event(EventTypes.Policy, null, "{}")));
        Assert.False(server.Recommends(Event(EventTypes.Member, "@a:one", """{"membership":"join"}""")));
    }

    [Fact]
    public void A_key_that_is_none_recommends_nothing()
    {
        Assert.True(RoomPolicyServer.TryParse(Event(EventTypes.Policy, "", """{"via":"policy.one","public_keys":{"ed25519":"x"}}"""), out var server));
        Assert.False(server.Recommends(EventSignatures.Sign(s_message, s_server, s_key)));
    }

    [Theory]
    [InlineData("", "{}")]
    [InlineData("", """{"via":"policy.one"}""")]
    [InlineData("", """{"via":"policy.one","public_keys":[]}""")]
    [InlineData("", """{"via":"policy.one","public_keys":{"ed25519":1}}""")]
    [InlineData("", """{"via":1,"public_keys":{"ed25519":"x"}}""")]
    [InlineData("", """{"via":"not a server","public_keys":{"ed25519":"x"}}""")]
    [InlineData("x", """{"via":"policy.one","public_keys":{"ed25519":"x"}}""")]
    public void A_room_without_a_valid_policy_has_no_policy_server(string stateKey, string content)
    {
        Assert.False(RoomPolicyServer.TryParse(Event(EventTypes.Policy, stateKey, content), out _));
        Assert.False(RoomPolicyServer.TryParse(null, out _));
    }

    private static RoomPolicyServer Parse()
    {
        var content = $$"""{"via":"policy.one","public_keys":{"ed25519":"{{s_key.VerifyKey.ToBase64()}}"} }""";
        Assert.True(RoomPolicyServer.TryParse(Event(EventTypes.Policy, "", content), out var server));
        return server;
    }

    private static Pdu Event(string type, string? stateKey, string content) =>
        new TestPdu(RoomVersion.V12, "$e", type, "@a:one", stateKey, content) { RoomId = "!room" }.Build();
}
