using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Events;

/// <summary>Hashes, ids and redactions of one event of each kind in each room version, computed by other code.</summary>
public class GoldenEventTests
{
    private static readonly JsonElement[] s_cases = [.. TestFiles.Json("Vectors", "events.json").GetProperty("cases").EnumerateArray()];

    public static TheoryData<int, string> Cases()
    {
        var data = new TheoryData<int, string>();
        for (var i = 0; i < s_cases.Length; i++)
            data.Add(i, $"v{Text(s_cases[i], "room_version")} {Text(s_cases[i].GetProperty("event"), "type")}");
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Hashes_ids_and_redactions_match(int index, string name)
    {
        Assert.NotEmpty(name);
        var expected = s_cases[index];
        Assert.True(RoomVersion.TryGet(Text(expected, "room_version"), out var version));
        var pdu = Pdu.Parse(Encoding.UTF8.GetBytes(expected.GetProperty("event").GetRawText()), version).Value;

        Assert.Equal(Text(expected, "event_id"), pdu.EventId);
        Assert.Equal(Text(expected, "content_hash"), EventHashes.ComputeContentHash(pdu));
        Assert.Equal(Text(expected, "reference_hash"), EventHashes.ComputeReferenceHash(pdu));
        Assert.True(EventHashes.HasValidContentHash(pdu));

        var redacted = Redaction.Redact(pdu);
        Assert.Equal(Text(expected, "redacted"), Encoding.UTF8.GetString(redacted.Json.Span));
        Assert.Equal(pdu.EventId, redacted.EventId);
        Assert.Equal(pdu.RoomId, redacted.RoomId);
        Assert.Equal(pdu.EventId, Pdu.Parse(redacted.Json, version).Value.EventId);
        Assert.Equal(redacted.Json.ToArray(), Redaction.Redact(redacted).Json.ToArray());
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
