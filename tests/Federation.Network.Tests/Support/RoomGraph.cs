using System.Text.Json.Nodes;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Federation.Network.Tests.Support;

/// <summary>What one server knows of a room: everything that can be reached from its forward extremities, and its current state.</summary>
public sealed record RoomGraph(
    string Server, RoomVersion Version, IReadOnlySet<string> Extremities, StateNodeId State, IReadOnlyDictionary<string, EventRow> Events)
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

        Assert.True(RoomVersion.TryGet(room.Version, out var version));
        return new RoomGraph(server.NameText, version, room.Extremities.ToHashSet(StringComparer.Ordinal), room.State, events);
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
        var judged = common.Where(e => Hard(e.Status) != Hard(other.Events[e.EventId].Status) && !HasNoTarget(e) && !other.HasNoTarget(e))
            .Select(e => $"{Tell([e.EventId])} {other.Events[e.EventId].Status}");
        Assert.True(!judged.Any(), $"{because}: judged {string.Join("; ", judged)}");
        var states = common.Where(e => e.StateBefore != other.Events[e.EventId].StateBefore).OrderBy(e => e.Depth).Select(e => e.EventId).ToList();
        Assert.True(states.Count == 0, $"{because}: state before {Tell(states)}");
        Assert.True(State == other.State, $"{because}: current state");
        var contents = common.Where(e => !e.Json.Span.SequenceEqual(other.Events[e.EventId].Json.Span)).Select(e => e.EventId)
            .Where(id => !other.MayLackRedactionOf(id, this) && !MayLackRedactionOf(id, other))
            .Where(id => !(CameRedacted(id) && other.RefusedRedactionOf(id)) && !(other.CameRedacted(id) && RefusedRedactionOf(id))).ToList();
        Assert.True(contents.Count == 0, $"{because}: content of {Tell(contents)}, redacted by {TellRedactions(contents)} / {other.TellRedactions(contents)}");
    }

    /// <summary>True if the other server redacted the event, by a redaction that this one soft-failed or that says here no more what it redacts.</summary>
    private bool MayLackRedactionOf(string eventId, RoomGraph other) =>
        Events[eventId].RedactedBy is null && other.Events[eventId].RedactedBy is { } id && Events.TryGetValue(id, out var redaction) &&
        (redaction.Status.HasFlag(EventStatus.SoftFailed) || HasNoTarget(redaction));

    /// <summary>
    /// True of an event that another server had redacted before this one got it from there: its content is not what its hash says (S-S API, Checks performed on
    /// receipt of a PDU, 3), and no redaction was applied here.
    /// </summary>
    private bool CameRedacted(string eventId) =>
        Events[eventId].RedactedBy is null && !EventHashes.HasValidContentHash(Pdu.FromStored(Events[eventId].Json, Version, eventId));

    /// <summary>True if this server has a redaction of the event that it soft-failed, or one that says no more what it redacts.</summary>
    private bool RefusedRedactionOf(string eventId) => Events.Values.Any(row => row.Type == "m.room.redaction" &&
        (HasNoTarget(row) || (row.Status.HasFlag(EventStatus.SoftFailed) && Target(row) == eventId)));

    private static string? Target(EventRow redaction)
    {
        var json = JsonNode.Parse(redaction.Json.Span)!;
        return (json["redacts"] ?? json["content"]!["redacts"])?.GetValue<string>();
    }

    /// <summary>
    /// True of a redaction that was redacted itself: before room version 11 it loses what it redacts (room v10, Redactions), and a server that it reaches so
    /// cannot apply it, nor, in versions 1 and 2, judge it by its target.
    /// </summary>
    private bool HasNoTarget(EventRow row) =>
        row.Type == "m.room.redaction" && !Version.Redaction.KeepsContentRedacts && Events[row.EventId].RedactedBy is not null;

    private static EventStatus Hard(EventStatus status) => status & ~EventStatus.SoftFailed;

    public static IEnumerable<string> Before(EventRow row)
    {
        var json = JsonNode.Parse(row.Json.Span)!;
        return Ids(json["prev_events"]!).Concat(Ids(json["auth_events"]!));
    }

    // Room versions 1 and 2 name an event by a pair of id and hashes.
    private static IEnumerable<string> Ids(JsonNode list) => list.AsArray().Select(i => (i is JsonArray pair ? pair[0] : i)!.GetValue<string>());

    private string TellRedactions(IEnumerable<string> ids) => Tell(ids.Select(id => Events[id].RedactedBy ?? "none"));

    public string Tell(IEnumerable<string> ids) =>
        string.Join(", ", ids.Take(5)
        .Select(id => Events.TryGetValue(id, out var e) ? $"{e.Type} {e.StateKey} of {e.Sender} ({e.EventId}, depth {e.Depth}, {e.Status})" : id));
}
