using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Peers.Tests.Graph;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Peers.Tests.Asking;

/// <summary>Gets what an event follows and what allows it from the server that sent it, or from others of the room, and then judges all of it.</summary>
internal sealed class Gap(PeerServer server, GraphRoom room, string origin)
{
    private const string V1 = "/_matrix/federation/v1/";

    // With more events than this between, the state is asked for.
    private const int MaxBetween = 60;

    private readonly Dictionary<string, Pdu> _between = new(StringComparer.Ordinal);
    private readonly HashSet<string> _nowhere = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImmutableDictionary<StateKey, string>> _given = new(StringComparer.Ordinal);

    private string Room => Uri.EscapeDataString(room.RoomId);

    /// <exception cref="CutException">A server that may have what is missing is not reached.</exception>
    public async Task FillAsync(Pdu pdu)
    {
        if (Locked(() => room.HasPlace(pdu.EventId)))
            return;
        _between[pdu.EventId] = pdu;
        if (MissingPrevious().Count > 0)
            await WalkAsync(pdu);
        foreach (var edge in _between.Values.Where(p => p.PrevEvents.Any(IsMissing)).ToList())
            await AskStateAsync(edge);
        foreach (var next in _between.Values.ToList())
            await FindAuthEventsAsync(next);
        lock (server.Gate)
        {
            while (_between.Values.FirstOrDefault(IsReady) is { } ready)
            {
                _between.Remove(ready.EventId);
                if (ready.AuthEvents.All(id => room.Find(id) is not null))
                    server.Acts.Taken(room, ready, room.Take(ready, _given.GetValueOrDefault(ready.EventId)));
            }
        }
    }

    private T Locked<T>(Func<T> read)
    {
        lock (server.Gate)
            return read();
    }

    private bool IsMissing(string eventId) => !_between.ContainsKey(eventId) && !Locked(() => room.HasPlace(eventId));

    private bool IsReady(Pdu pdu) => _given.ContainsKey(pdu.EventId) || pdu.PrevEvents.All(room.HasPlace);

    private List<string> MissingPrevious() =>
        [.. _between.Values.SelectMany(static p => p.PrevEvents).Distinct().Where(id => IsMissing(id) && !_nowhere.Contains(id))];

    private async Task WalkAsync(Pdu pdu)
    {
        var earliest = new JsonArray([.. Locked(() => room.Extremities.ToArray()).Select(static id => JsonValue.Create(id))]);
        var body = new JsonObject { ["earliest_events"] = earliest, ["latest_events"] = new JsonArray(pdu.EventId), ["limit"] = 10, ["min_depth"] = 0 };
        var answer = await server.AskAsync(origin, "POST", $"{V1}get_missing_events/{Room}", body.ToJsonString());
        await AddAsync(answer, "events");
        while (_between.Count < MaxBetween && MissingPrevious() is { Count: > 0 } missing)
        {
            if (server.Draw(4) == 0)
                await AddAsync(await server.AskAsync(origin, "GET", $"{V1}backfill/{Room}?limit=10&v={Uri.EscapeDataString(missing[0])}"), "pdus");
            foreach (var id in missing.Where(IsMissing).ToList())
            {
                if (await FindAsync(id) is { } found)
                    _between[id] = found;
                else
                    _nowhere.Add(id);
            }
        }
    }

    private async Task AskStateAsync(Pdu edge)
    {
        if (server.Draw(2) == 0)
        {
            var whole = await server.AskAsync(origin, "GET", $"{V1}state/{Room}?event_id={Uri.EscapeDataString(edge.EventId)}");
            if (whole.Status == 200)
                await AddOutliersAsync(whole, "pdus", "auth_chain");
        }

        var answer = await server.AskAsync(origin, "GET", $"{V1}state_ids/{Room}?event_id={Uri.EscapeDataString(edge.EventId)}");
        if (Ids(answer, "pdu_ids") is not { Count: > 0 } ids)
        {
            _between.Remove(edge.EventId);
            return;
        }

        var state = ImmutableDictionary<StateKey, string>.Empty;
        foreach (var id in ids.Concat(Ids(answer, "auth_chain_ids") ?? []))
        {
            if (Locked(() => room.Find(id)) is null && await FindAsync(id) is { } found)
                Locked(() => { room.AddOutlier(found); return 0; });
        }

        foreach (var pdu in ids.Select(id => Locked(() => room.Find(id))).OfType<Pdu>().Where(static p => p.StateKey is not null))
            state = state.SetItem(new StateKey(pdu.Type, pdu.StateKey!), pdu.EventId);
        _given[edge.EventId] = state;
    }

    private async Task FindAuthEventsAsync(Pdu pdu)
    {
        if (pdu.AuthEvents.All(IsKnown))
            return;
        var answer = await server.AskAsync(origin, "GET", $"{V1}event_auth/{Room}/{Uri.EscapeDataString(pdu.EventId)}");
        await AddOutliersAsync(answer, "auth_chain");
        foreach (var id in pdu.AuthEvents.Where(id => !IsKnown(id)).ToList())
        {
            if (await FindAsync(id) is { } found)
                Locked(() => { room.AddOutlier(found); return 0; });
        }
    }

    private bool IsKnown(string eventId) => _between.ContainsKey(eventId) || Locked(() => room.Find(eventId)) is not null;

    /// <summary>An event from the server that sent what follows it, or from another one of the room; null if none has it.</summary>
    private async Task<Pdu?> FindAsync(string eventId)
    {
        foreach (var name in Locked(room.Servers).Where(s => s != server.Name).OrderByDescending(s => s == origin))
        {
            var answer = await server.AskAsync(name, "GET", $"{V1}event/{Uri.EscapeDataString(eventId)}");
            if ((await ReadAsync(answer, "pdus")).Find(p => p.EventId == eventId) is { } found)
                return found;
        }

        return null;
    }

    private async Task AddAsync(Answer answer, string list)
    {
        foreach (var pdu in await ReadAsync(answer, list))
        {
            if (!Locked(() => room.HasPlace(pdu.EventId)))
                _between[pdu.EventId] = pdu;
        }
    }

    private async Task AddOutliersAsync(Answer answer, params string[] lists)
    {
        foreach (var list in lists)
        {
            foreach (var pdu in await ReadAsync(answer, list))
                Locked(() => { room.AddOutlier(pdu); return 0; });
        }
    }

    private static List<string>? Ids(Answer answer, string list) =>
        ReadJson(answer)?[list] is JsonArray ids ? [.. ids.OfType<JsonValue>().Select(static v => v.TryGetValue<string>(out var id) ? id : "")] : null;

    private async Task<List<Pdu>> ReadAsync(Answer answer, string list)
    {
        var read = new List<Pdu>();
        foreach (var json in ReadJson(answer)?[list] as JsonArray ?? [])
        {
            if (json is JsonObject && Pdu.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), room.Version).TryGet(out var pdu, out _) &&
                pdu.RoomId == room.RoomId && await server.Keys.VerifiedAsync(pdu) is { } verified)
                read.Add(verified);
        }

        return read;
    }

    private static JsonObject? ReadJson(Answer answer)
    {
        try
        {
            return answer.Status == 200 ? JsonNode.Parse(answer.Text) as JsonObject : null;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
