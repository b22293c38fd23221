using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Authorization;

public class AuthTypesTests
{
    private const string Signed = """ "third_party_invite":{"signed":{"token":"tok"}} """;

    [Theory]
    [InlineData("m.room.create", "", "@a:one", "{}", "")]
    [InlineData("m.room.message", null, "@a:one", "{}", "create power_levels member/@a:one")]
    [InlineData("m.room.member", "@a:one", "@a:one", """{"membership":"leave"}""", "create power_levels member/@a:one")]
    [InlineData("m.room.member", "@b:one", "@a:one", """{"membership":"ban"}""", "create power_levels member/@a:one member/@b:one")]
    [InlineData("m.room.member", "@a:one", "@a:one", """{"membership":"join"}""", "create power_levels member/@a:one join_rules")]
    [InlineData("m.room.member", "@a:one", "@a:one", """{"membership":"knock"}""", "create power_levels member/@a:one join_rules")]
    [InlineData("m.room.member", "@b:one", "@a:one", """{"membership":"invite"}""", "create power_levels member/@a:one member/@b:one join_rules")]
    [InlineData("m.room.member", "@b:one", "@a:one", "{\"membership\":\"invite\"," + Signed + "}",
        "create power_levels member/@a:one member/@b:one join_rules third_party_invite/tok")]
    [InlineData("m.room.member", "@b:one", "@a:one", "{\"membership\":\"ban\"," + Signed + "}", "create power_levels member/@a:one member/@b:one")]
    [InlineData("m.room.member", "@a:one", "@a:one", """{"membership":"join","join_authorised_via_users_server":"@c:one"}""",
        "create power_levels member/@a:one join_rules member/@c:one")]
    [InlineData("m.room.member", "@a:one", "@a:one", """{"membership":"join","join_authorised_via_users_server":"@a:one"}""",
        "create power_levels member/@a:one join_rules")]
    public void Auth_events_are_taken_from_the_places_of_the_specification(string type, string? key, string sender, string content, string expected)
    {
        var pdu = new TestPdu(RoomVersion.V11, "$e", type, sender, key, content) { RoomId = "!r:one" }.Build();
        Assert.Equal(expected, Text(RoomVersion.V11, pdu));
        // From v12 the room id stands for the create event.
        Assert.Equal(expected.Replace("create ", "", StringComparison.Ordinal), Text(RoomVersion.V12, pdu));
    }

    [Fact]
    public void The_authoriser_counts_only_where_restricted_joins_exist()
    {
        var pdu = new TestPdu(RoomVersion.V7, "$e", "m.room.member", "@a:one", "@a:one",
            """{"membership":"join","join_authorised_via_users_server":"@c:one"}""")
        { RoomId = "!r:one" }.Build();
        Assert.Equal("create power_levels member/@a:one join_rules", Text(RoomVersion.V7, pdu));
    }

    private static string Text(RoomVersion version, Pdu pdu) => string.Join(' ', AuthTypes.For(version, pdu)
        .Select(k => k.Type["m.room.".Length..] + (k.Key.Length > 0 ? "/" + k.Key : "")));
}
