using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Device;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Gets what an event needs to be judged from the server that sent it: first the events between it and what is known (get_missing_events), then, where the gap
/// is too wide, the state before it (state_ids, state, event).
/// </summary>
internal sealed class MissingEvents(RemoteServerServices services, IGrainFactory grains, string origin, string roomId)
{
    private const int Limit = 20;
    private const int MaxSingles = 20;
    private const int Chunk = 500;
    private const int MaxStateBytes = 64 * 1024 * 1024;

    private IRoomGrain Room => grains.GetGrain<IRoomGrain>(roomId);

    private string Path => Uri.EscapeDataString(roomId);

    public static bool IsMissing(JudgedPdu judged) => judged.Verdict is PduVerdict.MissingAuthEvents or PduVerdict.MissingPrevEvents;

    /// <summary>The verdict on the event once what could be had was there.</summary>
    public async Task<JudgedPdu> FillAsync(ReadOnlyMemory<byte> pdu, JudgedPdu judged)
    {
        // An event before it in the same transaction may have been what was missing.
        judged = await PushAsync(pdu, judged, default);
        if (judged.Verdict == PduVerdict.MissingPrevEvents)
        {
            var between = await BetweenAsync(judged.EventId);
            for (var i = 0; i < between.Count; i++)
                await JudgeAsync(between[i], onlyFirst: i == 0);
            judged = await PushAsync(pdu, judged, default);
        }

        return IsMissing(judged) ? await WithStateAsync(pdu, judged) : judged;
    }

    private async Task JudgeAsync(ReadOnlyMemory<byte> pdu, bool onlyFirst)
    {
        var judged = await PushAsync(pdu, new JudgedPdu("", PduVerdict.Dropped, null, []), default);

        // The oldest stands at the edge of the gap; those after it follow it.
        if (judged.Verdict == PduVerdict.MissingAuthEvents || (onlyFirst && judged.Verdict == PduVerdict.MissingPrevEvents))
            await WithStateAsync(pdu, judged);
    }

    private async Task<JudgedPdu> WithStateAsync(ReadOnlyMemory<byte> pdu, JudgedPdu judged)
    {
        ImmutableArray<string> state = default;
        if (judged.Verdict == PduVerdict.MissingPrevEvents)
        {
            state = await StateBeforeAsync(judged.EventId);
            if (state.IsDefault)
                return judged;
            judged = await PushAsync(pdu, judged, state);
        }

        if (judged.Verdict != PduVerdict.MissingAuthEvents)
            return judged;
        var answer = await services.Api.GetAsync(origin, $"/_matrix/federation/v1/event_auth/{Path}/{Uri.EscapeDataString(judged.EventId)}");
        if (!answer.TryGet(out var document, out _))
            return judged;
        using (document)
            await AddOutliersAsync(Events(document.RootElement, "auth_chain"));
        judged = await PushAsync(pdu, judged, state);
        if (judged.Verdict == PduVerdict.MissingPrevEvents && state.IsDefault)
        {
            state = await StateBeforeAsync(judged.EventId);
            judged = state.IsDefault ? judged : await PushAsync(pdu, judged, state);
        }

        return judged;
    }

    private async Task<JudgedPdu> PushAsync(ReadOnlyMemory<byte> pdu, JudgedPdu before, ImmutableArray<string> state)
    {
        var received = await Room.ReceivePdus(new RemotePdus(origin, [pdu], state));
        return received.Ok ? received.Value!.Pdus[0] : before;
    }

    private async Task<List<ReadOnlyMemory<byte>>> BetweenAsync(string eventId)
    {
        if (await services.Storage.Rooms.GetAsync(roomId) is not { } room)
            return [];
        var body = JsonBytes.Object(writer =>
        {
            writer.WriteStartArray("earliest_events"u8);
            foreach (var extremity in room.Extremities)
                writer.WriteStringValue(extremity);
            writer.WriteEndArray();
            writer.WriteStartArray("latest_events"u8);
            writer.WriteStringValue(eventId);
            writer.WriteEndArray();
            writer.WriteNumber("limit"u8, Limit);
        });
        var answer = await services.Api.PostAsync(origin, $"/_matrix/federation/v1/get_missing_events/{Path}", body);
        if (!answer.TryGet(out var document, out _))
            return [];
        using (document)
            return [.. Events(document.RootElement, "events").Take(Limit)];
    }

    /// <summary>The ids of the state before the event, as far as its events are known now; default if the server does not tell.</summary>
    private async Task<ImmutableArray<string>> StateBeforeAsync(string eventId)
    {
        var query = $"{Path}?event_id={Uri.EscapeDataString(eventId)}";
        if (!(await services.Api.GetAsync(origin, $"/_matrix/federation/v1/state_ids/{query}", MaxStateBytes)).TryGet(out var document, out _))
            return default;
        using (document)
        {
            var state = Ids(document.RootElement, "pdu_ids");
            var all = state.Concat(Ids(document.RootElement, "auth_chain_ids")).ToHashSet(StringComparer.Ordinal);
            var known = await services.Storage.Events.ExistingAsync(all);
            var missing = all.Where(id => !known.Contains(id)).ToList();
            if (missing.Count > 0)
                await AddOutliersAsync(missing.Count <= MaxSingles ? await SinglesAsync(missing) : await WholeStateAsync(query));
            var existing = await services.Storage.Events.ExistingAsync(state);
            return [.. state.Where(existing.Contains)];
        }
    }

    private async Task<List<ReadOnlyMemory<byte>>> WholeStateAsync(string query)
    {
        if (!(await services.Api.GetAsync(origin, $"/_matrix/federation/v1/state/{query}", MaxStateBytes)).TryGet(out var document, out _))
            return [];
        using (document)
            return [.. Events(document.RootElement, "auth_chain"), .. Events(document.RootElement, "pdus")];
    }

    private async Task<List<ReadOnlyMemory<byte>>> SinglesAsync(IEnumerable<string> ids)
    {
        var found = await Task.WhenAll(ids.Select(async id =>
        {
            if (!(await services.Api.GetAsync(origin, $"/_matrix/federation/v1/event/{Uri.EscapeDataString(id)}")).TryGet(out var document, out _))
                return [];
            using (document)
                return Events(document.RootElement, "pdus");
        }));
        return [.. found.SelectMany(e => e)];
    }

    private async Task AddOutliersAsync(IEnumerable<ReadOnlyMemory<byte>> events)
    {
        foreach (var chunk in events.OrderBy(DepthOf).Chunk(Chunk))
            await Room.ReceiveOutliers(new RemotePdus(origin, [.. chunk]));
    }

    // Oldest first, whatever the order of the answer.
    private static List<ReadOnlyMemory<byte>> Events(JsonElement answer, string name) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object).Select(JsonBytes.Raw).OrderBy(DepthOf)]
            : [];

    private static List<string> Ids(JsonElement answer, string name) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)]
            : [];

    private static long DepthOf(ReadOnlyMemory<byte> pdu)
    {
        using var document = JsonDocument.Parse(pdu);
        return document.RootElement.TryGetProperty("depth"u8, out var depth) && JsonBytes.TryGetInteger(depth, out var value) ? value : long.MaxValue;
    }
}
