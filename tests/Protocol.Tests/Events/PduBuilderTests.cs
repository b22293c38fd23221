using System.Text;
using OrleansMatrix.Protocol.Errors;
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

    [Fact]
    public void Content_that_the_room_version_does_not_allow_is_an_error()
    {
        foreach (var (content, errcode) in new[]
        {
            ("[]", ErrCodes.BadJson), ("{", ErrCodes.NotJson), ("", ErrCodes.NotJson), ("""{"a":1.5}""", ErrCodes.BadJson),
            ("""{"a":"\ud800"}""", ErrCodes.BadJson), ("""{"a":1,"a":2}""", ErrCodes.BadJson), ("null", ErrCodes.BadJson),
        })
        {
            var built = Builder(content).Build(RoomVersion.V12, TestEvents.Server, s_key);
            Assert.Equal(errcode, built.Error?.ErrCode);
        }

        Assert.Equal("""{"a":1.5}""", Encoding.UTF8.GetString(TestEvents.Build(RoomVersion.V5, content: """{"a":1.5}""").ContentJson.Span));
    }

    [Fact]
    public void An_event_that_is_too_large_is_an_error()
    {
        var built = Builder($"{{\"a\":\"{new string('x', Pdu.MaxBytes)}\"}}").Build(RoomVersion.V12, TestEvents.Server, s_key);
        Assert.Equal((ErrCodes.TooLarge, 413), (built.Error?.ErrCode, built.Error?.Status));
    }

    [Fact]
    public void Reference_hashes_are_written_where_they_are_known()
    {
        var parent = TestEvents.Build(RoomVersion.V1);
        var hash = EventHashes.ComputeReferenceHash(parent);
        var built = new PduBuilder
        {
            Sender = "@u:example.org",
            Type = "m",
            Content = "{}"u8.ToArray(),
            RoomId = "!r:example.org",
            EventId = "$c:example.org",
            PrevEvents = [parent.EventId, "$unknown:example.org"],
            ReferenceHashes = new Dictionary<string, string> { [parent.EventId] = hash },
        }.Build(RoomVersion.V1, TestEvents.Server, s_key).Value;
        Assert.Contains($"\"prev_events\":[[\"{parent.EventId}\",{{\"sha256\":\"{hash}\"}}],[\"$unknown:example.org\",{{}}]]",
            Encoding.UTF8.GetString(built.Json.Span), StringComparison.Ordinal);
        Assert.Equal([parent.EventId, "$unknown:example.org"], built.PrevEvents);
    }

    [Fact]
    public void Odd_characters_in_names_are_escaped()
    {
        var built = TestEvents.Build(RoomVersion.V12, "a\"\\\n\u0001é", stateKey: "\t\U0001F600");
        Assert.Equal(("a\"\\\n\u0001é", "\t\U0001F600"), (built.Type, built.StateKey));
        Assert.Equal(built.EventId, Pdu.Parse(built.Json, RoomVersion.V12).Value.EventId);
    }

    private static PduBuilder Builder(string content) => new()
    {
        Sender = "@u:example.org",
        Type = "m.room.message",
        RoomId = "!" + new string('a', 43),
        Content = Encoding.UTF8.GetBytes(content),
    };
}
