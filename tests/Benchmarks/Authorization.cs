using BenchmarkDotNet.Attributes;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Benchmarks;

/// <summary>What each send pays for authorisation, with the power levels parsed before.</summary>
[MemoryDiagnoser]
public class Authorization
{
    private readonly AuthState _state;

    public Authorization()
    {
        var sender = ProtocolEvents.Message.Sender;
        var roomId = ProtocolEvents.Message.RoomId;
        _state = new AuthState(RoomVersion.V12,
            Event("$" + roomId[1..], EventTypes.Create, "", "{}", null),
            Event("$member", EventTypes.Member, sender, """{"membership":"join"}""", roomId),
            Event("$levels", EventTypes.PowerLevels, "", """{"users_default":0}""", roomId));
        if (!CheckMessage().IsAllowed)
            throw new InvalidOperationException(CheckMessage().ToString());

        Pdu Event(string id, string type, string key, string content, string? room) => Pdu.FromStored(System.Text.Encoding.UTF8.GetBytes(
            $$"""{"auth_events":[],"content":{{content}},"depth":1,"hashes":{"sha256":"x"},"origin_server_ts":1,"prev_events":[],{{(room is null ? "" : $"\"room_id\":\"{room}\",")}}"sender":"{{sender}}","signatures":{},"state_key":"{{key}}","type":"{{type}}"}"""),
            RoomVersion.V12, id);
    }

    [Benchmark]
    public AuthResult CheckMessage() => AuthRules.Check(RoomVersion.V12, ProtocolEvents.Message, _state);

    [Benchmark]
    public int SelectAuthEvents() => AuthTypes.For(RoomVersion.V12, ProtocolEvents.Message).Length;
}
