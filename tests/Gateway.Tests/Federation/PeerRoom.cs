using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>A room as a <see cref="Peer"/> knows it; new events go on top of each other unless a test says otherwise.</summary>
public sealed class PeerRoom(Peer peer, string roomId, RoomVersion version)
{
    private long _clock = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    public string RoomId => roomId;

    public RoomVersion Version => version;

    /// <summary>Every event that the peer knows, by id.</summary>
    public Dictionary<string, Pdu> Events { get; } = new(StringComparer.Ordinal);

    public Dictionary<StateKey, Pdu> State { get; } = [];

    /// <summary>The newest event.</summary>
    public Pdu Last { get; private set; } = null!;

    /// <summary>The path form of the room id.</summary>
    public string Path => Uri.EscapeDataString(roomId);

    public static JsonNode Node(Pdu pdu) => JsonNode.Parse(pdu.Json.Span)!;

    public static JsonArray Array(IEnumerable<Pdu> pdus) => new([.. pdus.Select(Node)]);

    public static JsonArray Array(IEnumerable<string> ids) => new([.. ids.Select(id => JsonValue.Create(id))]);

    public static string[] Strings(JsonNode list) => [.. list.AsArray().Select(n => n is JsonValue ? n.GetValue<string>() : n![0]!.GetValue<string>())];

    /// <summary>Takes over what a resident server answered to send_join.</summary>
    public void Adopt(JsonNode answer, Pdu join)
    {
        foreach (var node in answer["auth_chain"]!.AsArray().Concat(answer["state"]!.AsArray()))
        {
            Assert.True(Pdu.Parse(Encoding.UTF8.GetBytes(node!.ToJsonString()), version).TryGet(out var pdu, out _));
            Events[pdu.EventId] = pdu;
        }

        foreach (var node in answer["state"]!.AsArray())
        {
            Assert.True(Pdu.Parse(Encoding.UTF8.GetBytes(node!.ToJsonString()), version).TryGet(out var pdu, out _));
            State[new StateKey(pdu.Type, pdu.StateKey!)] = pdu;
        }

        Apply(join);
    }

    /// <summary>An event on top of the newest, which it becomes.</summary>
    public Pdu Add(string sender, string type, string? stateKey, string content) => Apply(Build(sender, type, stateKey, content, [Last.EventId]));

    /// <summary>A text message on top of the newest event.</summary>
    public Pdu Say(string sender, string text) => Add(sender, "m.room.message", null, $$"""{"body":"{{text}}","msgtype":"m.text"}""");

    /// <summary>An event that changes nothing of what the peer holds for the room.</summary>
    public Pdu Build(
        string sender, string type, string? stateKey, string content, string[] prevEvents, string[]? authEvents = null, long? depth = null,
        SigningKey? key = null, string? room = null, string? eventId = null)
    {
        authEvents ??= [.. AuthTypes.For(version, type, sender, stateKey, JsonDocument.Parse(content).RootElement)
            .Select(k => State.GetValueOrDefault(k)?.EventId).OfType<string>()];
        depth ??= 1 + prevEvents.Select(id => Events.GetValueOrDefault(id)?.Depth ?? 0).DefaultIfEmpty(0).Max();
        var built = new PduBuilder
        {
            Sender = sender,
            Type = type,
            StateKey = stateKey,
            Content = Encoding.UTF8.GetBytes(content),
            RoomId = room ?? roomId,
            PrevEvents = prevEvents,
            AuthEvents = authEvents,
            Depth = depth.Value,
            OriginServerTs = _clock++,
            EventId = version.EventIdFormat == EventIdFormat.Given ? eventId ?? $"$e{_clock}:{peer.Name}" : null,
        }.Build(version, peer.Name, key ?? peer.Key);
        Assert.True(built.TryGet(out var pdu, out var error), error?.Message);
        return pdu;
    }

    public Pdu Apply(Pdu pdu)
    {
        Events[pdu.EventId] = pdu;
        if (pdu.StateKey is not null)
            State[new StateKey(pdu.Type, pdu.StateKey)] = pdu;
        return Last = pdu;
    }

    /// <summary>The auth chain of events, without them.</summary>
    public List<Pdu> AuthChain(IEnumerable<Pdu> of)
    {
        var chain = new Dictionary<string, Pdu>(StringComparer.Ordinal);
        var open = new Stack<string>(of.SelectMany(p => p.AuthEvents));
        while (open.TryPop(out var id))
        {
            if (Events.TryGetValue(id, out var pdu) && chain.TryAdd(id, pdu))
            {
                foreach (var next in pdu.AuthEvents)
                    open.Push(next);
            }
        }

        return [.. chain.Values];
    }

    /// <summary>Answers <c>state_ids</c>, <c>state</c> and <c>event</c> as an honest server does, with the state as it is now.</summary>
    public void ServeState()
    {
        Pdu[] state = [.. State.Values];
        var chain = AuthChain(state);
        peer.On($"GET /_matrix/federation/v1/state_ids/{roomId}", _ =>
            new JsonObject { ["pdu_ids"] = Array(state.Select(p => p.EventId)), ["auth_chain_ids"] = Array(chain.Select(p => p.EventId)) });
        peer.On($"GET /_matrix/federation/v1/state/{roomId}", _ => new JsonObject { ["pdus"] = Array(state), ["auth_chain"] = Array(chain) });
        peer.On("GET /_matrix/federation/v1/event/", request => Events.TryGetValue(request.Last, out var pdu)
            ? new Answer(200, new JsonObject { ["pdus"] = Array([pdu]) }.ToJsonString())
            : new Answer(404, """{"errcode":"M_NOT_FOUND","error":"?"}"""));
    }
}
