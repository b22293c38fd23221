using System.Text.Json.Nodes;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Federation.Network.Tests.Support;

/// <summary>What one server knows of a room: everything that can be reached from its forward extremities, and its current state.</summary>
public sealed record RoomGraph(string Server, IReadOnlySet<string> Extremities, StateNodeId State, IReadOnlyDictionary<string, EventRow> Events)
{
    /// <summary>Reads the graph of a room from a server's storage.</summary>
    /// <param name="roots">Events that are looked for besides.</param>
    public static async Task<RoomGraph> ReadAsync(NetworkServer server, string roomId, IEnumerable<string> roots)
    {
        var room = await server.Storage.Rooms.GetAsync(roomId);
        Assert.True(room is not null, $"{server.NameText} has no {roomId}");
        var events = new Dictionary<string, EventRow>(StringComparer.Ordinal);
        var next = room.Extremities.Concat(roots).ToHashSet(StringComparer.Ordinal);
        while (next.Count > 0)
        {
            foreach (var row in await server.Storage.Events.GetManyAsync(next))
                events[row.EventId] = row;
            next = [.. next.Where(events.ContainsKey).SelectMany(id => Before(events[id])).Where(id => !events.ContainsKey(id))];
        }

        return new RoomGraph(server.NameText, room.Extremities.ToHashSet(StringComparer.Ordinal), room.State, events);
    }

    /// <summary>
    /// Asserts that the other server knows the same: the same events, judged alike, on the same states, with the same newest ones and the same state.
    /// </summary>
    /// <param name="past">What was there before one of the servers joined, of which it may know less.</param>
    public void AssertSame(RoomGraph other, IReadOnlySet<string> past, string because)
    {
        var common = Events.Values.Where(e => !past.Contains(e.EventId) && other.Events.ContainsKey(e.EventId)).ToList();
        because = $"{because}: {Server}, {other.Server}";
        Assert.True(Events.Keys.Except(past).ToHashSet().SetEquals(other.Events.Keys.Except(past)),
            $"{because}: events {Tell(Events.Keys.Except(past).Except(other.Events.Keys))} / {other.Tell(other.Events.Keys.Except(past).Except(Events.Keys))}");
        Assert.True(Extremities.SetEquals(other.Extremities),
            $"{because}: extremities {Tell(Extremities.Except(other.Extremities))} / {other.Tell(other.Extremities.Except(Extremities))}");
        var judged = common.Where(e => Hard(e.Status) != Hard(other.Events[e.EventId].Status))
            .Select(e => $"{Tell([e.EventId])} {other.Events[e.EventId].Status}");
        Assert.True(!judged.Any(), $"{because}: judged {string.Join("; ", judged)}");
        var states = common.Where(e => e.StateBefore != other.Events[e.EventId].StateBefore).OrderBy(e => e.Depth).Select(e => e.EventId).ToList();
        Assert.True(states.Count == 0, $"{because}: state before {Tell(states)}");
        Assert.True(State == other.State, $"{because}: current state");
        // A redaction that one of them soft-failed is in force at the other one only.
        var redacted = Redacted().Concat(other.Redacted()).ToHashSet(StringComparer.Ordinal);
        var contents = common.Where(e => !redacted.Contains(e.EventId) && !e.Json.Span.SequenceEqual(other.Events[e.EventId].Json.Span)).Select(e => e.EventId)
            .ToList();
        Assert.True(contents.Count == 0, $"{because}: content of {Tell(contents)}");
    }

    private IEnumerable<string> Redacted() => Events.Values.Where(e => e.Type == "m.room.redaction" && e.Status.HasFlag(EventStatus.SoftFailed))
        .Select(e => JsonNode.Parse(e.Json.Span)!).Select(j => (j["redacts"] ?? j["content"]?["redacts"])?.GetValue<string>() ?? "");

    private static EventStatus Hard(EventStatus status) => status & ~EventStatus.SoftFailed;

    public static IEnumerable<string> Before(EventRow row)
    {
        var json = JsonNode.Parse(row.Json.Span)!;
        return Ids(json["prev_events"]!).Concat(Ids(json["auth_events"]!));
    }

    // Room versions 1 and 2 name an event by a pair of id and hashes.
    private static IEnumerable<string> Ids(JsonNode list) => list.AsArray().Select(i => (i is JsonArray pair ? pair[0] : i)!.GetValue<string>());

    public string Tell(IEnumerable<string> ids) =>
        string.Join(", ", ids.Take(5)
        .Select(id => Events.TryGetValue(id, out var e) ? $"{e.Type} {e.StateKey} of {e.Sender} ({e.EventId}, depth {e.Depth}, {e.Status})" : id));
}
