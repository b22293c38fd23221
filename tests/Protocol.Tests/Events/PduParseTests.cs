using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Events;

public class PduParseTests
{
    private static JsonObject Json(RoomVersion version, string type = "m.room.message", string? stateKey = null) =>
        JsonNode.Parse(TestEvents.Build(version, type, stateKey: stateKey).Json.Span)!.AsObject();

    private static Outcome<Pdu> Parse(JsonNode json, RoomVersion version) => Pdu.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), version);

    [Theory]
    [InlineData("auth_events")]
    [InlineData("content")]
    [InlineData("depth")]
    [InlineData("hashes")]
    [InlineData("origin_server_ts")]
    [InlineData("prev_events")]
    [InlineData("room_id")]
    [InlineData("sender")]
    [InlineData("signatures")]
    [InlineData("type")]
    public void Every_required_member_is_required(string name)
    {
        foreach (var version in RoomVersion.All)
        {
            var json = Json(version);
            json.Remove(name);
            Assert.Equal(ErrCodes.BadJson, Parse(json, version).Error?.ErrCode);
        }
    }

    [Theory]
    [InlineData("auth_events", "{}")]
    [InlineData("auth_events", "[1]")]
    [InlineData("auth_events", "[\"a\"]")]
    [InlineData("auth_events", "[\"$\"]")]
    [InlineData("content", "[]")]
    [InlineData("content", "\"\"")]
    [InlineData("depth", "\"1\"")]
    [InlineData("depth", "-1")]
    [InlineData("depth", "1.5")]
    [InlineData("depth", "null")]
    [InlineData("depth", "9223372036854775808")]
    [InlineData("hashes", "[]")]
    [InlineData("hashes", "{}")]
    [InlineData("hashes", "{\"sha256\":1}")]
    [InlineData("origin_server_ts", "\"1\"")]
    [InlineData("origin_server_ts", "true")]
    [InlineData("prev_events", "[[\"$a:example.org\"]]")]
    [InlineData("prev_events", "[[\"$a:example.org\",{},{}]]")]
    [InlineData("prev_events", "[[\"$a:example.org\",1]]")]
    [InlineData("prev_events", "[[1,{}]]")]
    [InlineData("prev_events", "null")]
    [InlineData("room_id", "1")]
    [InlineData("room_id", "\"r:example.org\"")]
    [InlineData("room_id", "\"!\"")]
    [InlineData("sender", "1")]
    [InlineData("sender", "\"u:example.org\"")]
    [InlineData("sender", "\"@u\"")]
    [InlineData("signatures", "[]")]
    [InlineData("signatures", "{\"a\":1}")]
    [InlineData("signatures", "{\"a\":{\"ed25519:1\":1}}")]
    [InlineData("state_key", "1")]
    [InlineData("state_key", "null")]
    [InlineData("type", "1")]
    [InlineData("unsigned", "1")]
    public void A_member_of_the_wrong_kind_is_refused(string name, string value)
    {
        foreach (var version in RoomVersion.All)
        {
            var json = Json(version);
            json[name] = JsonNode.Parse(value);
            Assert.Equal(ErrCodes.BadJson, Parse(json, version).Error?.ErrCode);
        }
    }

    [Fact]
    public void What_is_no_object_is_refused()
    {
        foreach (var text in new[] { "[]", "1", "\"\"", "null", "{}" })
            Assert.Equal(ErrCodes.BadJson, Pdu.Parse(Encoding.UTF8.GetBytes(text), RoomVersion.V12).Error?.ErrCode);
        Assert.Equal(ErrCodes.NotJson, Pdu.Parse("{"u8.ToArray(), RoomVersion.V12).Error?.ErrCode);
    }

    [Fact]
    public void The_event_id_is_a_member_only_in_the_oldest_versions()
    {
        var json = Json(RoomVersion.V2);
        json.Remove("event_id");
        Assert.Equal(ErrCodes.BadJson, Parse(json, RoomVersion.V2).Error?.ErrCode);
        foreach (var bad in new[] { "e:example.org", "$e", "$e:" })
        {
            json["event_id"] = bad;
            Assert.Equal(ErrCodes.BadJson, Parse(json, RoomVersion.V2).Error?.ErrCode);
        }

        Assert.Equal("$e:example.org", TestEvents.Build(RoomVersion.V2).EventId);
        Assert.Matches("^\\$[A-Za-z0-9+/]{43}$", TestEvents.Build(RoomVersion.V3).EventId);
        Assert.Matches("^\\$[A-Za-z0-9_-]{43}$", TestEvents.Build(RoomVersion.V4).EventId);
    }

    [Fact]
    public void References_come_in_pairs_only_in_the_oldest_versions()
    {
        foreach (var version in RoomVersion.All)
        {
            var json = Json(version);
            json["prev_events"] = version.EventReferencesCarryHashes ? new JsonArray("$a:example.org")
                : new JsonArray(new JsonArray("$a:example.org", new JsonObject()));
            Assert.Equal(ErrCodes.BadJson, Parse(json, version).Error?.ErrCode);
        }
    }

    [Fact]
    public void There_are_at_most_20_previous_events_and_10_auth_events()
    {
        static JsonArray Ids(int count) => [.. Enumerable.Range(0, count).Select(i => (JsonNode)$"$e{i}")];
        var json = Json(RoomVersion.V12);
        json["prev_events"] = Ids(20);
        json["auth_events"] = Ids(10);
        var pdu = Parse(json, RoomVersion.V12).Value;
        Assert.Equal((20, 10), (pdu.PrevEvents.Length, pdu.AuthEvents.Length));
        json["auth_events"] = Ids(11);
        Assert.Equal(ErrCodes.BadJson, Parse(json, RoomVersion.V12).Error?.ErrCode);
        json["auth_events"] = Ids(10);
        json["prev_events"] = Ids(21);
        Assert.Equal(ErrCodes.BadJson, Parse(json, RoomVersion.V12).Error?.ErrCode);
    }

    [Fact]
    public void Type_and_state_key_are_limited_to_255_bytes()
    {
        foreach (var name in new[] { "type", "state_key" })
        {
            var json = Json(RoomVersion.V12, stateKey: "");
            json[name] = new string('é', 127) + "a";
            Assert.True(Parse(json, RoomVersion.V12).Ok);
            json[name] = new string('é', 128);
            Assert.Equal(ErrCodes.BadJson, Parse(json, RoomVersion.V12).Error?.ErrCode);
        }
    }

    [Fact]
    public void An_event_may_have_65536_bytes_in_canonical_form()
    {
        var json = Json(RoomVersion.V12);
        var overhead = Parse(json, RoomVersion.V12).Value.Json.Length - "hello".Length;
        json["content"]!["body"] = new string('x', Pdu.MaxBytes - overhead);
        // White space and escapes do not count.
        var indented = json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }).Replace("xxxxxxxx", "\\u0078xxxxxxx", StringComparison.Ordinal);
        Assert.Equal(Pdu.MaxBytes, Pdu.Parse(Encoding.UTF8.GetBytes(indented), RoomVersion.V12).Value.Json.Length);

        json["content"]!["body"] = new string('x', Pdu.MaxBytes - overhead + 1);
        Assert.Equal((ErrCodes.TooLarge, 413), Parse(json, RoomVersion.V12).Error is { } e ? (e.ErrCode, e.Status) : default);
    }

    [Fact]
    public void A_create_event_of_version_12_names_its_room()
    {
        var create = TestEvents.Build(RoomVersion.V12, EventTypes.Create, """{"room_version":"12"}""", stateKey: "");
        Assert.False(create.HasRoomId);
        Assert.Equal("!" + create.EventId[1..], create.RoomId);

        // Whether a room_id is allowed there is for the authorisation rules; the room is the derived one all the same.
        var json = JsonNode.Parse(create.Json.Span)!.AsObject();
        json["room_id"] = "!other:example.org";
        var odd = Parse(json, RoomVersion.V12).Value;
        Assert.True(odd.HasRoomId);
        Assert.Equal("!" + odd.EventId[1..], odd.RoomId);
    }

    [Fact]
    public void The_redacted_event_is_found_where_the_version_has_it()
    {
        var target = "$" + new string('t', 43);
        foreach (var version in RoomVersion.All)
        {
            var pdu = TestEvents.Build(version, EventTypes.Redaction, """{"reason":"x"}""", redacts: target);
            Assert.Equal(target, pdu.Redacts);
            Assert.Equal(version.RedactsInContent, pdu.HasContentMember("redacts"u8));
            Assert.Equal("x", pdu.GetContentString("reason"u8));
        }
    }

    [Fact]
    public void Old_versions_keep_numbers_that_new_ones_refuse()
    {
        foreach (var number in new[] { "1.5", "9007199254740993" })
        {
            foreach (var version in RoomVersion.All)
            {
                var json = Json(version);
                json["content"]!["n"] = JsonNode.Parse(number);
                var parsed = Parse(json, version);
                Assert.Equal(version.StrictCanonicalJson, !parsed.Ok);
                if (parsed.Ok)
                    Assert.Equal(number, parsed.Value.Content.GetProperty("n").GetRawText());
            }
        }
    }

    [Fact]
    public void An_event_read_back_is_the_event_that_was_stored()
    {
        foreach (var version in RoomVersion.All)
        {
            var pdu = TestEvents.Build(version, EventTypes.Member, """{"membership":"join"}""", "@u:example.org", unsigned: """{"age":1}""");
            var read = Pdu.FromStored(pdu.Json, version, pdu.EventId);
            Assert.Equal(
                (pdu.EventId, pdu.RoomId, pdu.Sender, pdu.Type, pdu.StateKey, pdu.Membership, pdu.Depth, pdu.OriginServerTs),
                (read.EventId, read.RoomId, read.Sender, read.Type, read.StateKey, read.Membership, read.Depth, read.OriginServerTs));
            Assert.Equal(pdu.PrevEvents, read.PrevEvents);
            Assert.Equal("""{"age":1}""", Encoding.UTF8.GetString(read.UnsignedJson.Span));
            Assert.True(read.WithoutUnsigned().UnsignedJson.IsEmpty);
            Assert.Equal("example.org", read.SenderDomain.ToString());
        }

        Assert.Throws<InvalidDataException>(() => Pdu.FromStored("{}"u8.ToArray(), RoomVersion.V12, "$a"));
    }

    [Fact]
    public void Nothing_but_unsigned_and_signatures_is_outside_the_event_id()
    {
        var pdu = TestEvents.Build(RoomVersion.V12, unsigned: """{"age":1}""");
        var json = JsonNode.Parse(pdu.Json.Span)!.AsObject();
        json.Remove("unsigned");
        json["signatures"] = new JsonObject();
        Assert.Equal(pdu.EventId, Parse(json, RoomVersion.V12).Value.EventId);
        json["depth"] = 3;
        Assert.NotEqual(pdu.EventId, Parse(json, RoomVersion.V12).Value.EventId);
    }
}
