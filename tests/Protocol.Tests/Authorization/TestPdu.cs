using System.Text.Json.Nodes;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Authorization;

/// <summary>What a test says about an event; the rest is made up.</summary>
internal sealed record TestPdu(RoomVersion Version, string EventId, string Type, string Sender, string? StateKey, string Content)
{
    public string? RoomId { get; init; }

    public string[] PrevEvents { get; init; } = [];

    public string[] AuthEvents { get; init; } = [];

    public long Depth { get; init; } = 1;

    public long OriginServerTs { get; init; } = 1_700_000_000_000;

    public string[] SignedBy { get; init; } = [];

    public string? Redacts { get; init; }

    public Pdu Build()
    {
        var json = new JsonObject
        {
            ["auth_events"] = References(AuthEvents),
            ["content"] = JsonNode.Parse(Content),
            ["depth"] = Depth,
            ["hashes"] = new JsonObject { ["sha256"] = "x" },
            ["origin_server_ts"] = OriginServerTs,
            ["prev_events"] = References(PrevEvents),
            ["sender"] = Sender,
            ["signatures"] = new JsonObject(SignedBy.Select(s => KeyValuePair.Create(s, (JsonNode?)new JsonObject { ["ed25519:1"] = "sig" }))),
            ["type"] = Type,
        };
        if (RoomId is not null)
            json["room_id"] = RoomId;
        if (StateKey is not null)
            json["state_key"] = StateKey;
        if (Version.EventIdFormat == EventIdFormat.Given)
            json["event_id"] = EventId;
        if (Redacts is not null && !Version.RedactsInContent)
            json["redacts"] = Redacts;
        var canonical = CanonicalJson.Encode(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()), CanonicalJsonMode.Lenient).Value;
        return Pdu.FromStored(canonical, Version, EventId);
    }

    private JsonArray References(string[] ids) => new(ids.Select(id => Version.EventReferencesCarryHashes
        ? new JsonArray(id, new JsonObject { ["sha256"] = "x" })
        : (JsonNode?)JsonValue.Create(id)).ToArray());
}
