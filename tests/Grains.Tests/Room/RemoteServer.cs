using System.Text;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Grains.ServerKeys;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Grains.Tests.Room;

/// <summary>Another server, with a key that the tests' key ring knows: makes signed events on top of any events of a room.</summary>
internal static class RemoteServer
{
    public const string Name = "remote";
    public const string Zoe = "@zoe:remote";
    public const string Yan = "@yan:remote";
    public static readonly SigningKey Key = SigningKey.FromSeed("r", Enumerable.Repeat((byte)7, 32).ToArray());

    /// <summary>An event after the given ones, with the auth events that the room's present state has for it (or those given).</summary>
    public static async Task<Pdu> EventAsync(
        RoomHarness silo, string room, string sender, string type, string? stateKey, string content, string[] prevEvents, string[]? authEvents = null,
        SigningKey? key = null, string? redacts = null, string? eventId = null, long? claimedDepth = null, long? claimedTime = null)
    {
        var row = (await silo.Storage.Rooms.GetAsync(room))!;
        RoomVersion.TryGet(row.Version, out var version);
        var state = await silo.StateAsync(room);
        var json = JsonDocument.Parse(content).RootElement;
        authEvents ??= [.. AuthTypes.For(version!, type, sender, stateKey, json).Select(k => state.GetValueOrDefault((k.Type, k.Key))).OfType<string>()];
        long depth = 1;
        foreach (var prev in prevEvents)
            depth = Math.Max(depth, 1 + ((await silo.Storage.Events.GetAsync(prev))?.Depth ?? 0));
        silo.Clock.Advance(TimeSpan.FromMilliseconds(1));
        return new PduBuilder
        {
            Sender = sender,
            Type = type,
            StateKey = stateKey,
            Content = Encoding.UTF8.GetBytes(content),
            RoomId = room,
            PrevEvents = prevEvents,
            Redacts = redacts,
            EventId = version!.EventIdFormat == EventIdFormat.Given ? eventId ?? $"$e{silo.Services.Now}:{Name}" : null,
            AuthEvents = authEvents,
            Depth = claimedDepth ?? depth,
            OriginServerTs = claimedTime ?? silo.Services.Now,
        }.Build(version!, ServerName.Parse(sender[(sender.IndexOf(':') + 1)..]), key ?? Key).Value;
    }

    /// <summary>Hands events to the room and gives the verdicts.</summary>
    public static async Task<JudgedPdu[]> PushAsync(RoomHarness silo, string room, params Pdu[] pdus) =>
        [.. (await silo.RunAsync(room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [.. pdus.Select(p => p.Json)])))).Value.Pdus];

    /// <summary>Joins a remote user to a public room, as an event pushed by the remote server.</summary>
    public static async Task<Pdu> JoinAsync(RoomHarness silo, string room, string user)
    {
        var last = (await silo.Storage.Rooms.GetAsync(room))!.Extremities;
        var join = await EventAsync(silo, room, user, EventTypes.Member, user, """{"membership":"join"}""", [.. last]);
        Assert.Equal(PduVerdict.Accepted, (await PushAsync(silo, room, join)).Single().Verdict);
        return join;
    }
}

/// <summary>Knows the keys of both servers.</summary>
internal sealed class TestKeyRing : IServerKeyRing
{
    public ValueTask<ServerVerifyKey?> FindAsync(string server, string keyId, long neededAt, CancellationToken cancellationToken = default)
    {
        var key = server switch { RemoteServer.Name => RemoteServer.Key, "local" => RoomHarness.LocalKey, _ => null };
        return new(key?.KeyId == keyId ? new ServerVerifyKey(key.VerifyKey, long.MaxValue, false) : null);
    }
}
