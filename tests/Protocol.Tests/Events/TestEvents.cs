using System.Text;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Tests.Events;

/// <summary>Events of a server <c>example.org</c> with a fixed key.</summary>
internal static class TestEvents
{
    public const long Ts = 1_700_000_000_000;
    public static readonly ServerName Server = ServerName.Parse("example.org");
    public static readonly SigningKey Key = SigningKey.FromSeed("1", new byte[32]);

    public static TheoryData<string> Versions() => [.. RoomVersion.All.Select(v => v.Id)];

    public static RoomVersion Version(string id)
    {
        Assert.True(RoomVersion.TryGet(id, out var version));
        return version;
    }

    public static Pdu Build(
        RoomVersion version,
        string type = "m.room.message",
        string content = """{"body":"hello","msgtype":"m.text"}""",
        string? stateKey = null,
        string sender = "@u:example.org",
        string? redacts = null,
        string eventId = "$e:example.org",
        string? roomId = null,
        string? unsigned = null) => new PduBuilder
        {
            Sender = sender,
            Type = type,
            StateKey = stateKey,
            RoomId = roomId ?? (version.RoomIdIsCreateHash ? type == EventTypes.Create ? null : "!" + new string('a', 43) : "!r:example.org"),
            Content = Encoding.UTF8.GetBytes(content),
            PrevEvents = type == EventTypes.Create ? [] : ["$p:example.org"],
            AuthEvents = type == EventTypes.Create ? [] : ["$a:example.org"],
            Depth = 2,
            OriginServerTs = Ts,
            EventId = version.EventIdFormat == EventIdFormat.Given ? eventId : null,
            Redacts = redacts,
            Unsigned = Encoding.UTF8.GetBytes(unsigned ?? ""),
        }.Build(version, Server, Key).Value;

    public static ServerVerifyKey? FindKey(string server, string keyId) =>
        server == Server.Value && keyId == Key.KeyId ? new ServerVerifyKey(Key.VerifyKey, Ts, IsOld: false) : null;
}
