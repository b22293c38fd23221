using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Peers.Tests.Graph;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Peers.Tests.Answering;

/// <summary>What a resident server tells of a room's events.</summary>
internal sealed class HistoryAnswers(PeerServer server)
{
    private const int MaxEvents = 100;

    public Answer Event(Asked asked)
    {
        lock (server.Gate)
        {
            var rooms = server.Rooms.Values.Where(r => r.Servers().Contains(asked.Origin));
            var pdu = rooms.Select(r => r.Find(asked.Path[0])).FirstOrDefault(static p => p is not null);
            return pdu is null ? NotFound() : Pdus([pdu]);
        }
    }

    public Answer Backfill(Asked asked, IReadOnlyList<string> from) => Room(asked, room =>
        Pdus(Walk(room, from, [], Limit(asked.Query.GetValueOrDefault("limit")))));

    public Answer Missing(Asked asked) => Room(asked, room =>
    {
        var body = asked.Json;
        if (server.HidesGaps || (server.Character == Character.Sloppy && server.Draw(2) == 0))
            return Answers.Ok(new JsonObject { ["events"] = new JsonArray() });
        var (latest, earliest) = (Ids(body["latest_events"]!), Ids(body["earliest_events"]!));
        var between = Walk(room, latest.Select(room.Find).OfType<Pdu>().SelectMany(static p => p.PrevEvents), earliest, Limit(body["limit"]?.ToString()));
        between.Reverse();
        return Answers.Ok(new JsonObject { ["events"] = Acts.Nodes(between) });
    });

    public Answer EventAuth(Asked asked) => Room(asked, room => server.HidesAuthEvents || room.Find(asked.Path[1]) is null ? NotFound()
        : Answers.Ok(new JsonObject { ["auth_chain"] = Acts.Nodes(room.AuthChain([asked.Path[1]])) }));

    public Answer State(Asked asked, bool idsOnly) => Room(asked, room =>
    {
        var id = asked.Query["event_id"];
        if (!room.HasPlace(id) || room.IsRejected(id))
            return NotFound();
        var state = room.Before(id);
        var chain = room.AuthChain(state.Values);
        return Answers.Ok(idsOnly
            ? new JsonObject { ["pdu_ids"] = Strings(state.Values), ["auth_chain_ids"] = Strings(chain.Select(static p => p.EventId)) }
            : new JsonObject { ["pdus"] = Acts.Nodes(state.Values.Select(v => room.Find(v)!)), ["auth_chain"] = Acts.Nodes(chain) });
    });

    public Answer ByTime(Asked asked) => Room(asked, room =>
    {
        var (ts, isForward) = (long.Parse(asked.Query["ts"], CultureInfo.InvariantCulture), asked.Query["dir"] == "f");
        var pdus = room.Timeline.Select(id => room.Find(id)!).Where(p => isForward ? p.OriginServerTs >= ts : p.OriginServerTs <= ts);
        var found = isForward ? pdus.MinBy(static p => p.OriginServerTs) : pdus.MaxBy(static p => p.OriginServerTs);
        return found is null ? NotFound() : Answers.Ok(new JsonObject { ["event_id"] = found.EventId, ["origin_server_ts"] = found.OriginServerTs });
    });

    /// <summary>State events of a room, with or without the members.</summary>
    public static JsonArray Nodes(GraphRoom room, ImmutableDictionary<StateKey, string> state, bool withMembers) =>
        Acts.Nodes(state.Where(e => withMembers || e.Key.Type != EventTypes.Member).Select(e => room.Find(e.Value)!));

    private Answer Room(Asked asked, Func<GraphRoom, Answer> answer)
    {
        lock (server.Gate)
        {
            return server.Rooms.GetValueOrDefault(asked.Path[0]) is not { } room ? NotFound()
                : !room.Servers().Contains(asked.Origin) ? PeerServer.Error(403, "M_FORBIDDEN") : answer(room);
        }
    }

    private static List<Pdu> Walk(GraphRoom room, IEnumerable<string> from, string[] until, int limit)
    {
        var (found, seen) = (new List<Pdu>(), until.ToHashSet(StringComparer.Ordinal));
        var open = new Queue<string>(from);
        while (found.Count < limit && open.TryDequeue(out var id))
        {
            if (!seen.Add(id) || room.Find(id) is not { } pdu)
                continue;
            found.Add(pdu);
            foreach (var previous in pdu.PrevEvents)
                open.Enqueue(previous);
        }

        return found;
    }

    private static int Limit(string? text) => int.TryParse(text, CultureInfo.InvariantCulture, out var limit) ? Math.Clamp(limit, 0, MaxEvents) : 10;

    private Answer Pdus(IEnumerable<Pdu> pdus) =>
        Answers.Ok(new JsonObject { ["origin"] = server.Name, ["origin_server_ts"] = 1, ["pdus"] = Acts.Nodes(pdus) });

    private static JsonArray Strings(IEnumerable<string> ids) => new([.. ids.Select(static id => JsonValue.Create(id))]);

    private static string[] Ids(JsonNode list) => [.. list.AsArray().Select(static id => id!.GetValue<string>())];

    private static Answer NotFound() => PeerServer.Error(404, "M_NOT_FOUND");
}
