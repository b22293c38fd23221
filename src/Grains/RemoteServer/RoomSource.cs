using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// What one other server gives of a room's past (S-S API, Retrieving events; Backfilling and retrieving missing events). Nothing of it is believed: the room
/// judges each event.
/// </summary>
internal sealed class RoomSource(RemoteServerServices services, IGrainFactory grains, string server, string roomId)
{
    /// <summary>Events asked for at once by backfill: as many as servers commonly give.</summary>
    public const int MaxBackfill = 100;

    /// <summary>Events asked for at once by get_missing_events: as many as servers commonly give.</summary>
    public const int MaxMissing = 20;

    /// <summary>Events of a state that are fetched one by one; of more, the whole state is.</summary>
    private const int MaxSingles = 20;

    /// <summary>Events of one state, its auth chain included.</summary>
    private const int MaxStateEvents = 200_000;

    /// <summary>Events of the auth chain of one event.</summary>
    private const int MaxAuthChain = 20_000;
    private const int MaxStateBytes = 64 * 1024 * 1024;

    /// <summary>Events that the room takes in one turn.</summary>
    private const int Chunk = 500;

    /// <summary>How often events that came before their auth events are tried again.</summary>
    private const int MaxPasses = 8;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>The server that is asked.</summary>
    public string Server => server;

    /// <summary>True once an answer did not come that may come another time.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>The room that takes what comes.</summary>
    public IRoomGrain Room => grains.GetGrain<IRoomGrain>(roomId);

    private string Path => Uri.EscapeDataString(roomId);

    /// <summary>Events from the given ids on back.</summary>
    public Task<List<ReadOnlyMemory<byte>>> BackfillAsync(IReadOnlyCollection<string> from)
    {
        var ids = string.Concat(from.Select(id => "&v=" + Uri.EscapeDataString(id)));
        return GetAsync($"backfill/{Path}?limit={MaxBackfill}{ids}", "pdus", MaxBackfill);
    }

    /// <summary>Events between those that are known and some whose previous events are not.</summary>
    public async Task<List<ReadOnlyMemory<byte>>> MissingAsync(IEnumerable<string> earliest, IEnumerable<string> latest)
    {
        var body = JsonBytes.Object(writer =>
        {
            writer.WriteStartArray("earliest_events"u8);
            foreach (var id in earliest)
                writer.WriteStringValue(id);
            writer.WriteEndArray();
            writer.WriteStartArray("latest_events"u8);
            foreach (var id in latest)
                writer.WriteStringValue(id);
            writer.WriteEndArray();
            writer.WriteNumber("limit"u8, MaxMissing);
        });
        if (!(await services.Api.PostAsync(server, $"/_matrix/federation/v1/get_missing_events/{Path}", body)).TryGet(out var document, out var error))
            return Failed(error);
        using (document)
            return [.. Events(document.RootElement, "events").Take(MaxMissing)];
    }

    /// <summary>Puts the auth chain of an event in the room, as outliers.</summary>
    public async Task FetchAuthChainAsync(string eventId) =>
        await AddOutliersAsync(await GetAsync($"event_auth/{Path}/{Uri.EscapeDataString(eventId)}", "auth_chain", MaxAuthChain));

    /// <summary>Single events, at most <see cref="MaxBackfill"/>.</summary>
    public async Task<List<ReadOnlyMemory<byte>>> SinglesAsync(IEnumerable<string> ids)
    {
        var found = await Task.WhenAll(ids.Take(MaxBackfill).Select(id => GetAsync("event/" + Uri.EscapeDataString(id), "pdus", 1)));
        return [.. found.SelectMany(e => e)];
    }

    /// <summary>The id of the event nearest to a time, as the server says; null if it says none.</summary>
    public async Task<string?> NearestToAsync(long timestamp, bool backward)
    {
        var target = string.Create(
            CultureInfo.InvariantCulture, $"/_matrix/federation/v1/timestamp_to_event/{Path}?ts={timestamp}&dir={(backward ? 'b' : 'f')}");
        if (!(await services.Api.GetAsync(server, target, patience: s_patience)).TryGet(out var document, out _))
            return null;
        using (document)
            return document.RootElement.ValueKind == JsonValueKind.Object && JsonBytes.StringMember(document.RootElement, "event_id") is { } id &&
                EventId.TryParse(id, out _) ? id : null;
    }

    /// <summary>The ids of the state before the event, as far as its events are known now; default if the server does not tell.</summary>
    public async Task<ImmutableArray<string>> StateBeforeAsync(string eventId)
    {
        // Some servers have no better answer than 500 to a question about what they do not have: that to another question says nothing of this one.
        var hadFailed = HasFailed;
        HasFailed = false;
        var state = await ReadStateBeforeAsync(eventId);
        HasFailed |= hadFailed;
        return state;
    }

    private async Task<ImmutableArray<string>> ReadStateBeforeAsync(string eventId)
    {
        var query = $"{Path}?event_id={Uri.EscapeDataString(eventId)}";
        if (!(await services.Api.GetAsync(server, $"/_matrix/federation/v1/state_ids/{query}", MaxStateBytes)).TryGet(out var document, out var error))
        {
            Failed(error);
            return default;
        }

        using (document)
        {
            var state = Ids(document.RootElement, "pdu_ids");
            var all = state.Concat(Ids(document.RootElement, "auth_chain_ids")).Take(MaxStateEvents).ToHashSet(StringComparer.Ordinal);
            var known = await services.Storage.Events.ExistingAsync(all);
            var missing = all.Where(id => !known.Contains(id)).ToList();
            if (missing.Count > 0)
                await AddOutliersAsync(missing.Count <= MaxSingles ? await SinglesAsync(missing) : await WholeStateAsync(query));
            // What the server names and does not give, and what is not valid, is left out; but without what did not come it would be another state.
            if (HasFailed)
                return default;
            var existing = await services.Storage.Events.ExistingAsync(state);
            return [.. state.Where(existing.Contains)];
        }
    }

    /// <summary>Puts events in the room as outliers.</summary>
    public async Task AddOutliersAsync(IReadOnlyCollection<ReadOnlyMemory<byte>> events)
    {
        // Auth events mostly have a smaller depth, but depth is only what the sender claims.
        var left = events.OrderBy(DepthOf).ToList();
        for (var pass = 0; left.Count > 0 && pass < MaxPasses; pass++)
        {
            var early = new List<ReadOnlyMemory<byte>>();
            foreach (var chunk in left.Chunk(Chunk))
            {
                if (await Room.ReceiveOutliers(new RemotePdus(ServerName.Parse(server), [.. chunk])) is { Ok: true, Value.Pdus: var verdicts })
                    early.AddRange(chunk.Where((_, i) => verdicts[i].Verdict == PduVerdict.MissingAuthEvents));
            }

            if (early.Count == left.Count)
                return;
            left = early;
        }
    }

    private async Task<List<ReadOnlyMemory<byte>>> WholeStateAsync(string query)
    {
        if (!(await services.Api.GetAsync(server, $"/_matrix/federation/v1/state/{query}", MaxStateBytes)).TryGet(out var document, out var error))
            return Failed(error);
        using (document)
            return [.. Events(document.RootElement, "auth_chain").Concat(Events(document.RootElement, "pdus")).Take(MaxStateEvents)];
    }

    private async Task<List<ReadOnlyMemory<byte>>> GetAsync(string target, string list, int limit)
    {
        if (!(await services.Api.GetAsync(server, "/_matrix/federation/v1/" + target, patience: s_patience)).TryGet(out var document, out var error))
            return Failed(error);
        using (document)
            return [.. Events(document.RootElement, list).Take(limit)];
    }

    private List<ReadOnlyMemory<byte>> Failed(MatrixError error)
    {
        // What the server refuses it would refuse again.
        HasFailed |= error.Status is not (>= 400 and < 500 and not (401 or 408 or 429));
        return [];
    }

    /// <summary>The objects of a list of an answer; none if there is no such list.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Events(JsonElement answer, string name) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object).Select(JsonBytes.Raw)
            : [];

    /// <summary>The strings of a list of an answer; none if there is no such list.</summary>
    public static List<string> Ids(JsonElement answer, string name) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!).Take(MaxStateEvents)]
            : [];

    private static long DepthOf(ReadOnlyMemory<byte> pdu)
    {
        using var document = JsonText.Parse(pdu);
        return document.RootElement.TryGetProperty("depth"u8, out var depth) && JsonBytes.TryGetInteger(depth, out var value) ? value : long.MaxValue;
    }
}
