using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Events;

/// <summary>The specification's own example events.</summary>
public class SpecDataTests
{
    private static readonly JsonElement s_data = TestFiles.Json("SpecData", "event-schemas.json");
    private static readonly JsonElement s_pdus = TestFiles.Json("SpecData", "pdus.json");

    public static TheoryData<string> Examples() => [.. s_data.GetProperty("examples").EnumerateObject().Select(e => e.Name)];

    public static TheoryData<string, string> Pdus() => new()
    {
        { "pdu_v1", "1" },
        { "pdu_v1", "2" },
        { "pdu_v3", "3" },
        { "pdu_v4", "4" },
        { "pdu_v4", "10" },
        { "pdu_v4_join_membership", "8" },
        { "pdu_v11", "11" },
        { "pdu_v12", "12" },
    };

    [Theory]
    [MemberData(nameof(Examples))]
    public void Example_events_survive_the_federation_form_and_pass_their_schema(string name)
    {
        var example = s_data.GetProperty("examples").GetProperty(name);
        var schema = s_data.GetProperty("schemas").GetProperty(example.GetProperty("schema").GetString()!);
        var given = example.GetProperty("event");
        Assert.Equal([], JsonSchema.Check(schema, given));

        // Account data, EDUs and to-device messages are not room events and may hold floats (m.tag).
        var isRoomEvent = given.TryGetProperty("event_id", out _);
        var canonical = CanonicalJson.Encode(given, isRoomEvent ? CanonicalJsonMode.Strict : CanonicalJsonMode.Lenient).Value;
        Assert.True(JsonElement.DeepEquals(given, TestFiles.Parse(Encoding.UTF8.GetString(canonical))));
        if (!isRoomEvent)
            return;

        var pdu = Build(given);
        Assert.Equal(pdu.EventId, Pdu.Parse(pdu.Json, RoomVersion.V10).Value.EventId);
        Assert.True(JsonElement.DeepEquals(pdu.Content, Pdu.FromStored(pdu.Json, RoomVersion.V10, pdu.EventId).Content));
        var client = TestFiles.Parse(Encoding.UTF8.GetString(ClientEvent.ToJson(pdu, new ClientEventOptions { NowTs = TestEvents.Ts })));
        Assert.Equal([], JsonSchema.Check(schema, client));
        var signedByAll = EventSignatures.GetRequiredServers(pdu).TrueForAll(server => server == "example.org");
        Assert.Equal(signedByAll ? EventCheckOutcome.Valid : EventCheckOutcome.MissingSignature, EventSignatures.Verify(pdu, TestEvents.FindKey).Outcome);
    }

    [Theory]
    [MemberData(nameof(Pdus))]
    public void Example_PDUs_parse_in_their_room_versions(string name, string versionId)
    {
        var version = TestEvents.Version(versionId);
        var json = s_pdus.GetProperty(name);
        var pdu = Pdu.Parse(Encoding.UTF8.GetBytes(json.GetRawText()), version).Value;
        Assert.Equal(json.GetProperty("sender").GetString(), pdu.Sender);
        Assert.Equal(json.GetProperty("room_id").GetString(), pdu.RoomId);
        Assert.Equal(json.GetProperty("prev_events").GetArrayLength(), pdu.PrevEvents.Length);
        Assert.All(pdu.PrevEvents, id => Assert.StartsWith("$", id, StringComparison.Ordinal));
        Assert.Equal(json.GetProperty("auth_events").GetArrayLength(), pdu.AuthEvents.Length);
        Assert.Equal(json.GetProperty("hashes").GetProperty("sha256").GetString(), pdu.ContentHash);
        // The examples' hashes are made up, so the event counts as redacted.
        Assert.False(EventHashes.HasValidContentHash(pdu));
        Assert.Equal(pdu.EventId, Redaction.Redact(pdu).EventId);
    }

    private static Pdu Build(JsonElement example) => new PduBuilder
    {
        Sender = example.GetProperty("sender").GetString()!,
        Type = example.GetProperty("type").GetString()!,
        StateKey = example.TryGetProperty("state_key", out var stateKey) ? stateKey.GetString() : null,
        RoomId = example.GetProperty("room_id").GetString(),
        Content = Encoding.UTF8.GetBytes(example.GetProperty("content").GetRawText()),
        Redacts = example.TryGetProperty("redacts", out var redacts) ? redacts.GetString() : null,
        PrevEvents = ["$p"],
        AuthEvents = ["$a"],
        Depth = 1,
        OriginServerTs = TestEvents.Ts,
    }.Build(RoomVersion.V10, ServerName.Parse("example.org"), TestEvents.Key).Value;
}
