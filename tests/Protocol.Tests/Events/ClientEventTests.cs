using System.Buffers;
using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Events;

public class ClientEventTests
{
    private static readonly string s_target = "$" + new string('t', 43);

    private static string Written(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            write(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    [Fact]
    public void Clients_get_the_event_without_its_federation_members()
    {
        var pdu = TestEvents.Build(RoomVersion.V12, "m.room.topic", """{"topic":"Grüße"}""", "", unsigned: """{"age":7,"secret":1}""");
        var json = TestFiles.Parse(Encoding.UTF8.GetString(ClientEvent.ToJson(pdu)));
        Assert.Equal(
            ["content", "event_id", "origin_server_ts", "room_id", "sender", "state_key", "type", "unsigned"],
            json.EnumerateObject().Select(m => m.Name).Order(StringComparer.Ordinal));
        Assert.Equal("Grüße", json.GetProperty("content").GetProperty("topic").GetString());
        Assert.Equal(pdu.EventId, json.GetProperty("event_id").GetString());
        Assert.Empty(json.GetProperty("unsigned").EnumerateObject());
    }

    [Fact]
    public void What_the_server_knows_goes_into_unsigned()
    {
        var redaction = TestEvents.Build(RoomVersion.V12, EventTypes.Redaction, "{}", redacts: s_target);
        var json = TestFiles.Parse(Encoding.UTF8.GetString(ClientEvent.ToJson(TestEvents.Build(RoomVersion.V12), new ClientEventOptions
        {
            IncludeRoomId = false,
            NowTs = TestEvents.Ts + 12,
            TransactionId = "txn",
            Membership = "join",
            PrevContent = """{"a":1}"""u8.ToArray(),
            ReplacesState = "$old",
            Relations = """{"m.thread":{}}"""u8.ToArray(),
            RedactedBecause = redaction,
        })));
        Assert.False(json.TryGetProperty("room_id", out _));
        var unsigned = json.GetProperty("unsigned");
        Assert.Equal(12, unsigned.GetProperty("age").GetInt64());
        Assert.Equal("txn", unsigned.GetProperty("transaction_id").GetString());
        Assert.Equal("join", unsigned.GetProperty("membership").GetString());
        Assert.Equal("$old", unsigned.GetProperty("replaces_state").GetString());
        Assert.Equal("""{"a":1}""", unsigned.GetProperty("prev_content").GetRawText());
        Assert.Equal("""{"m.thread":{}}""", unsigned.GetProperty("m.relations").GetRawText());
        Assert.Equal(redaction.EventId, unsigned.GetProperty("redacted_because").GetProperty("event_id").GetString());
    }

    [Theory]
    [MemberData(nameof(TestEvents.Versions), MemberType = typeof(TestEvents))]
    public void Redactions_name_their_target_in_both_places(string version)
    {
        var pdu = TestEvents.Build(TestEvents.Version(version), EventTypes.Redaction, """{"reason":"x"}""", redacts: s_target);
        var json = TestFiles.Parse(Encoding.UTF8.GetString(ClientEvent.ToJson(pdu)));
        Assert.Equal(s_target, json.GetProperty("redacts").GetString());
        Assert.Equal(s_target, json.GetProperty("content").GetProperty("redacts").GetString());
        Assert.Equal("x", json.GetProperty("content").GetProperty("reason").GetString());
    }

    [Fact]
    public void Stripped_state_has_four_members()
    {
        var pdu = TestEvents.Build(RoomVersion.V12, "m.room.name", """{"name":"n"}""", "");
        Assert.Equal(
            """{"content":{"name":"n"},"sender":"@u:example.org","state_key":"","type":"m.room.name"}""",
            Written(w => ClientEvent.WriteStripped(w, pdu)));
    }

    [Fact]
    public void Other_servers_get_the_stored_event_without_unsigned()
    {
        var pdu = TestEvents.Build(RoomVersion.V12);
        var withUnsigned = TestEvents.Build(RoomVersion.V12, unsigned: """{"age":7}""");
        Assert.Equal(Encoding.UTF8.GetString(pdu.Json.Span), Written(w => ClientEvent.WriteFederation(w, withUnsigned)));
    }
}
