using OrleansMatrix.Grains.Abstractions.Reading;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary><c>GET …/messages</c> and <c>GET …/context</c>.</summary>
internal static class MessagesRead
{
    public static async ValueTask<Outcome<ReadOnlyMemory<byte>>> MessagesAsync(RoomReader reader, GapPaging paging, MessagesRequest request)
    {
        if (!HistoryToken.Parse(request.From).TryGet(out var from, out var error) || !HistoryToken.Parse(request.To).TryGet(out var to, out error) ||
            !EventFilter.Parse(request.Filter).TryGet(out var filter, out error))
            return error;
        if (!filter.AllowsRoom(reader.Room.RoomId))
            return MatrixError.InvalidParam("The filter leaves out this room");
        var limit = Math.Min(request.Limit, filter.Limit ?? int.MaxValue);
        HistoryPage page;
        string start;
        if (request.Backward)
        {
            var upTo = from ?? await EndAsync(reader);
            start = request.From is { Length: > 0 } ? request.From : HistoryToken.After(upTo);
            page = await paging.PageAsync(to ?? HistoryOrder.Start, Min(upTo, reader.Visibility.Bound), Direction.Backward, limit, filter);
        }
        else
        {
            start = request.From is { Length: > 0 } ? request.From : HistoryToken.After(HistoryOrder.Start);
            page = await paging.PageAsync(from ?? HistoryOrder.Start, Min(to ?? HistoryOrder.End, reader.Visibility.Bound), Direction.Forward, limit, filter);
        }

        var state = filter.LazyLoadMembers && page.Rows.Count > 0
            ? await reader.MembersAsync(await StateOfAsync(reader, request.Backward ? page.Rows[0] : page.Rows[^1]), page.Rows.Select(r => r.Sender)) : [];
        var renderer = reader.Renderer();
        await renderer.PrepareAsync(page.Rows, reader.Visibility, previous: true);
        await renderer.PrepareAsync(state, null, previous: false);
        await reader.AddBundlesAsync(renderer, page.Rows);
        return PooledJson.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("start"u8, start);
            // "If no further events are available …, this property is omitted"; forward, more may always come.
            if (page.More || !request.Backward)
                writer.WriteString("end"u8, HistoryToken.After(page.Cursor));
            renderer.WriteArray(writer, "chunk"u8, page.Rows);
            if (state.Count > 0)
                renderer.WriteArray(writer, "state"u8, state);
            writer.WriteEndObject();
        });
    }

    public static async ValueTask<Outcome<ReadOnlyMemory<byte>>> ContextAsync(
        RoomReader reader, GapPaging paging, string eventId, int limit, string? filterJson)
    {
        if (!EventFilter.Parse(filterJson).TryGet(out var filter, out var error))
            return error;
        if (await reader.FindVisibleAsync(eventId) is not { Order: { } order } target)
            return MatrixError.NotFound("No such event");
        var before = await paging.PageAsync(HistoryOrder.Start, HistoryToken.JustBefore(order), Direction.Backward, limit / 2, filter);
        var after = await paging.PageAsync(order, reader.Visibility.Bound, Direction.Forward, limit - (limit / 2), filter);
        EventRow[] shown = [target, .. before.Rows, .. after.Rows];
        var root = await reader.Room.StateAfterAsync(after.Rows.Count > 0 ? after.Rows[^1].Order!.Value : order);
        var part = filter.LazyLoadMembers ? State.StatePart.NonMembers : State.StatePart.All;
        var state = await reader.Room.FindManyAsync([.. (await reader.Room.Services.States.ListAsync(root, part)).Select(e => e.EventId)]);
        if (filter.LazyLoadMembers)
            state.AddRange(await reader.MembersAsync(root, shown.Select(r => r.Sender)));
        state.RemoveAll(r => !filter.Allows(r.Type, r.Sender, r.Json.Span));
        var renderer = reader.Renderer();
        await renderer.PrepareAsync(shown, reader.Visibility, previous: true);
        await renderer.PrepareAsync(state, null, previous: false);
        await reader.AddBundlesAsync(renderer, shown);
        return PooledJson.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("start"u8, HistoryToken.After(before.Rows.Count > 0 ? before.Cursor : HistoryToken.JustBefore(order)));
            writer.WriteString("end"u8, HistoryToken.After(after.Rows.Count > 0 ? after.Cursor : order));
            writer.WritePropertyName("event"u8);
            renderer.Write(writer, target);
            renderer.WriteArray(writer, "events_before"u8, before.Rows);
            renderer.WriteArray(writer, "events_after"u8, after.Rows);
            renderer.WriteArray(writer, "state"u8, state);
            writer.WriteEndObject();
        });
    }

    /// <summary>The newest place of the room.</summary>
    private static async ValueTask<HistoryOrder> EndAsync(RoomReader reader) => reader.Visibility.DepartedAt ??
        new HistoryOrder((await reader.Storage.Rooms.GetAsync(reader.Room.RoomId))?.LastPosition ?? 0, 0);

    private static async ValueTask<StateNodeId> StateOfAsync(RoomReader reader, EventRow row) =>
        row.StateBefore ?? await reader.Room.StateAfterAsync(row.Order!.Value);

    private static HistoryOrder Min(HistoryOrder a, HistoryOrder b) => a < b ? a : b;
}
