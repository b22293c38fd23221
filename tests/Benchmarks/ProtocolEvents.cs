using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Benchmarks;

/// <summary>The events that the protocol benchmarks work on.</summary>
internal static class ProtocolEvents
{
    public static readonly ServerName Server = ServerName.Parse("example.org");
    public static readonly SigningKey Key = SigningKey.FromSeed("1", new byte[32]);

    public static PduBuilder Builder { get; } = new()
    {
        Sender = "@alice:example.org",
        Type = EventTypes.Message,
        RoomId = "!" + new string('a', 43),
        Content = """{"msgtype":"m.text","body":"A message of ordinary length, with an ümlaut.","m.mentions":{}}"""u8.ToArray(),
        PrevEvents = ["$" + new string('b', 43)],
        AuthEvents = ["$" + new string('c', 43), "$" + new string('d', 43)],
        Depth = 12345,
        OriginServerTs = 1_700_000_000_000,
    };

    /// <summary>A message of room v12, about 600 bytes.</summary>
    public static Pdu Message { get; } = Builder.Build(RoomVersion.V12, Server, Key).Value;

    /// <summary>The event with the members of all its objects in reverse order, the worst case for sorting.</summary>
    public static byte[] Reversed(Pdu pdu)
    {
        using var document = JsonDocument.Parse(pdu.Json);
        return Encoding.UTF8.GetBytes(Reverse(document.RootElement));
    }

    private static string Reverse(JsonElement value) => value.ValueKind == JsonValueKind.Object
        ? $"{{{string.Join(',', value.EnumerateObject().Reverse().Select(m => $"\"{m.Name}\":{Reverse(m.Value)}"))}}}"
        : value.GetRawText();
}
