using OrleansMatrix.Grains.Abstractions.Reading;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary><c>GET …/relations</c> and <c>GET …/threads</c>.</summary>
internal static class RelationsRead
{
    private const int MaxDepth = 3;
    private const int MaxRecursed = 2000;

    public static async ValueTask<Outcome<ReadOnlyMemory<byte>>> RelationsAsync(RoomReader reader, RelationsRequest request)
    {
        if (!HistoryToken.Parse(request.From).TryGet(out var from, out var error) || !HistoryToken.Parse(request.To).TryGet(out var to, out error))
            return error;
        if (await reader.FindVisibleAsync(request.EventId) is null)
            return MatrixError.NotFound("No such event");
        var after = (request.Backward ? to : from) ?? HistoryOrder.Start;
        var upTo = (request.Backward ? from : to) ?? HistoryOrder.End;
        if (upTo > reader.Visibility.Bound)
            upTo = reader.Visibility.Bound;
        var found = request.Recurse
            ? await RecurseAsync(reader, request, after, upTo)
            : await reader.Storage.Events.RelationsAsync(
                reader.Room.RoomId, request.EventId, request.RelType, request.EventType, after, upTo, Of(request.Backward), request.Limit + 1);
        var more = found.Count > request.Limit;
        var page = found.Take(request.Limit).ToList();
        var ignored = await reader.IgnoredAsync();
        var rows = (await reader.Visibility.FilterAsync(page)).Where(r => r.RedactedBy is null && !ignored.Contains(r.Sender)).ToList();
        var renderer = reader.Renderer();
        await renderer.PrepareAsync(rows, reader.Visibility, previous: false);
        await reader.AddBundlesAsync(renderer, rows);
        return PooledJson.Build(writer =>
        {
            writer.WriteStartObject();
            renderer.WriteArray(writer, "chunk"u8, rows);
            if (more)
                writer.WriteString("next_batch"u8, request.Backward ? HistoryToken.Before(page[^1].Order!.Value) : HistoryToken.After(page[^1].Order!.Value));
            if (request.From is { Length: > 0 })
                writer.WriteString("prev_batch"u8, request.From);
            if (request.Recurse)
                writer.WriteNumber("recursion_depth"u8, MaxDepth);
            writer.WriteEndObject();
        });
    }

    /// <summary>All events related to the event over at most three steps, in the order asked for.</summary>
    private static async ValueTask<IReadOnlyList<EventRow>> RecurseAsync(RoomReader reader, RelationsRequest request, HistoryOrder after, HistoryOrder upTo)
    {
        var found = new Dictionary<string, EventRow>(StringComparer.Ordinal);
        List<string> level = [request.EventId];
        for (var depth = 0; depth < MaxDepth && level.Count > 0 && found.Count < MaxRecursed; depth++)
        {
            List<string> next = [];
            foreach (var parent in level)
            {
                foreach (var row in await reader.Storage.Events.RelationsAsync(
                    reader.Room.RoomId, parent, null, null, HistoryOrder.Start, HistoryOrder.End, Direction.Forward, MaxRecursed - found.Count))
                {
                    if (found.TryAdd(row.EventId, row))
                        next.Add(row.EventId);
                }
            }

            level = next;
        }

        var matching = found.Values.Where(r => r.Order > after && r.Order <= upTo &&
            (request.RelType is null || r.RelType == request.RelType) && (request.EventType is null || r.Type == request.EventType));
        return [.. request.Backward ? matching.OrderByDescending(r => r.Order) : matching.OrderBy(r => r.Order)];
    }

    private static Direction Of(bool backward) => backward ? Direction.Backward : Direction.Forward;
}
