using System.Text.Json;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory.Searching;

/// <summary>Renders a page of results.</summary>
internal sealed class SearchAnswer(SearchQuery query, SearchPage page)
{
    private readonly Dictionary<string, EventRenderer> _renderers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<EventRow>> _states = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Surroundings> _contexts = new(StringComparer.Ordinal);

    public async Task<ReadOnlyMemory<byte>> RenderAsync(CancellationToken cancellationToken)
    {
        foreach (var room in page.Hits.GroupBy(h => h.Room))
            await PrepareAsync(room.Key, [.. room.Select(h => h.Row)], cancellationToken);
        return PooledJson.Build(w =>
        {
            w.WriteStartObject();
            w.WriteStartObject("search_categories"u8);
            w.WriteStartObject("room_events"u8);
            w.WriteNumber("count"u8, page.Count);
            w.WriteStartArray("highlights"u8);
            foreach (var word in query.Highlights)
                w.WriteStringValue(word);
            w.WriteEndArray();
            w.WriteStartArray("results"u8);
            foreach (var hit in page.Hits)
                WriteHit(w, hit);
            w.WriteEndArray();
            WriteStates(w);
            WriteGroups(w);
            if (page.Next is { } next)
                w.WriteString("next_batch"u8, next.ToString());
            w.WriteEndObject();
            w.WriteEndObject();
            w.WriteEndObject();
        });
    }

    private async Task PrepareAsync(RoomReader room, List<EventRow> rows, CancellationToken cancellationToken)
    {
        var renderer = _renderers[room.Room.RoomId] = room.Renderer();
        await renderer.PrepareAsync(rows, room.Visibility, previous: false, cancellationToken: cancellationToken);
        await room.AddBundlesAsync(renderer, rows);
        if (query.Context is { } wanted)
        {
            foreach (var row in rows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var context = _contexts[row.EventId] = await Surroundings.ReadAsync(room, row, wanted);
                await renderer.PrepareAsync(
                    [.. context.Before.Rows, .. context.After.Rows], room.Visibility, previous: false, cancellationToken: cancellationToken);
                await renderer.PrepareAsync(context.Members ?? [], null, previous: false, cancellationToken: cancellationToken);
            }
        }

        if (!query.IncludeState)
            return;
        // Of the members only the senders: a room's members can be many, and clients ask for them by room.
        var root = await room.Visibility.StateAsync(cancellationToken);
        var others = await room.Room.Services.States.ListAsync(root, StatePart.NonMembers, cancellationToken);
        var state = await room.Room.FindManyAsync([.. others.Select(e => e.EventId)], cancellationToken);
        state.AddRange(await room.MembersAsync(root, rows.Select(r => r.Sender)));
        await renderer.PrepareAsync(state, null, previous: false, cancellationToken: cancellationToken);
        _states[room.Room.RoomId] = state;
    }

    private void WriteHit(Utf8JsonWriter w, SearchHit hit)
    {
        var renderer = _renderers[hit.Row.RoomId];
        w.WriteStartObject();
        w.WriteNumber("rank"u8, hit.Rank);
        w.WritePropertyName("result"u8);
        renderer.Write(w, hit.Row);
        if (_contexts.TryGetValue(hit.Row.EventId, out var context))
        {
            w.WriteStartObject("context"u8);
            w.WriteString("start"u8, HistoryToken.After(context.Before.Rows.Count > 0 ? context.Before.Cursor : HistoryToken.JustBefore(hit.Row.Order!.Value)));
            w.WriteString("end"u8, HistoryToken.After(context.After.Rows.Count > 0 ? context.After.Cursor : hit.Row.Order!.Value));
            renderer.WriteArray(w, "events_before"u8, context.Before.Rows);
            renderer.WriteArray(w, "events_after"u8, context.After.Rows);
            if (context.Members is { } members)
                WriteProfiles(w, hit.Room, members);
            w.WriteEndObject();
        }

        w.WriteEndObject();
    }

    private void WriteProfiles(Utf8JsonWriter w, RoomReader room, IEnumerable<EventRow> members)
    {
        w.WriteStartObject("profile_info"u8);
        foreach (var member in members)
        {
            using var content = JsonText.Parse(_renderers[room.Room.RoomId].Shown(member).ContentJson);
            w.WriteStartObject(member.StateKey!);
            foreach (var name in (ReadOnlySpan<string>)["avatar_url", "displayname"])
            {
                if (content.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
                    w.WriteString(name, value.GetString());
            }

            w.WriteEndObject();
        }

        w.WriteEndObject();
    }

    private void WriteStates(Utf8JsonWriter w)
    {
        if (!query.IncludeState)
            return;
        w.WriteStartObject("state"u8);
        foreach (var (roomId, state) in _states)
        {
            w.WriteStartArray(roomId);
            foreach (var row in state)
                _renderers[roomId].Write(w, row);
            w.WriteEndArray();
        }

        w.WriteEndObject();
    }

    private void WriteGroups(Utf8JsonWriter w)
    {
        if (query.GroupBy.Count == 0)
            return;
        w.WriteStartObject("groups"u8);
        foreach (var key in query.GroupBy)
        {
            w.WriteStartObject(key);
            foreach (var (order, group) in page.Hits.GroupBy(h => key == "sender" ? h.Row.Sender : h.Row.RoomId).Index())
            {
                w.WriteStartObject(group.Key);
                w.WriteNumber("order"u8, order + 1);
                if (page.Next is { } next)
                    w.WriteString("next_batch"u8, next.ToString());
                w.WriteStartArray("results"u8);
                foreach (var hit in group)
                    w.WriteStringValue(hit.Row.EventId);
                w.WriteEndArray();
                w.WriteEndObject();
            }

            w.WriteEndObject();
        }

        w.WriteEndObject();
    }

    /// <summary>The events around a result.</summary>
    /// <param name="Members">The member events of their senders as of the result; null: not asked for.</param>
    private sealed record Surroundings(HistoryPage Before, HistoryPage After, List<EventRow>? Members)
    {
        public static async Task<Surroundings> ReadAsync(RoomReader room, EventRow row, SearchContext wanted)
        {
            var place = row.Order!.Value;
            var before = await room.PageAsync(HistoryOrder.Start, HistoryToken.JustBefore(place), Direction.Backward, wanted.Before, EventFilter.None);
            var after = await room.PageAsync(place, room.Visibility.Bound, Direction.Forward, wanted.After, EventFilter.None);
            if (!wanted.IncludeProfile)
                return new Surroundings(before, after, null);
            var root = row.StateBefore ?? await room.Room.StateAfterAsync(place);
            return new Surroundings(before, after, await room.MembersAsync(root, before.Rows.Concat(after.Rows).Append(row).Select(r => r.Sender)));
        }
    }
}
