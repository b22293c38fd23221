using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Tests.Events;

public class PduBuilderTests
{
    private static readonly SigningKey s_key = SigningKey.FromSeed("1", new byte[32]);

    public static TheoryData<string> Versions() => [.. RoomVersion.All.Select(v => v.Id)];

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_built_event_parses_to_the_same_event(string versionId)
    {
        RoomVersion.TryGet(versionId, out var version);
        var room = version!.RoomIdIsCreateHash ? "!" + new string('a', 43) : "!r:example.org";
        var builder = new PduBuilder
        {
            Sender = "@u:example.org",
            Type = "m.room.member",
            StateKey = "@u:example.org",
            RoomId = room,
            Content = """{ "membership": "join", "displayname": "\u00fc\n", "a": 1 }"""u8.ToArray(),
            PrevEvents = ["$p:example.org"],
            AuthEvents = ["$a:example.org", "$b:example.org"],
            Depth = 7,
            OriginServerTs = 1234567890123,
            EventId = version.EventIdFormat == EventIdFormat.Given ? "$e:example.org" : null,
        };
        var built = builder.Build(version, ServerName.Parse("example.org"), s_key).Value;
        var parsed = Pdu.Parse(built.Json, version).Value;
        Assert.Equal(built.EventId, parsed.EventId);
        Assert.Equal(built.Json.ToArray(), parsed.Json.ToArray());
        Assert.Equal("@u:example.org", parsed.StateKey);
        Assert.Equal("join", parsed.Membership);
        Assert.Equal(room, parsed.RoomId);
        Assert.Equal(7, parsed.Depth);
        Assert.Equal(["$p:example.org"], parsed.PrevEvents);
        Assert.Equal(["$a:example.org", "$b:example.org"], parsed.AuthEvents);
        Assert.Equal("ü\n", parsed.Content.GetProperty("displayname").GetString());
        Assert.True(EventHashes.HasValidContentHash(parsed));
        var signature = Assert.Single(parsed.GetSignatures());
        Assert.Equal(("example.org", "ed25519:1"), (signature.Server, signature.KeyId));
    }
}
