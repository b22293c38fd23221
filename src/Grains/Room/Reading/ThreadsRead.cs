using System.Globalization;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary><c>GET …/threads</c>: thread roots by their newest event.</summary>
internal static class ThreadsRead
{
    private const int MaxPages = 10;

    public static async ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadAsync(RoomReader reader, string? include, int limit, string? from)
    {
        var before = long.MaxValue;
        if (!string.IsNullOrEmpty(from) && !long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out before))
            return MatrixError.InvalidParam("Not a token of this endpoint");
        var bundles = new Bundles(reader.Room, reader.Visibility, reader.Viewer.UserId, await reader.IgnoredAsync(), reader.Visibility.Bound);
        var roots = new List<EventRow>();
        var more = true;
        for (var page = 0; page < MaxPages && roots.Count < limit && more; page++)
        {
            var wanted = limit - roots.Count;
            var found = await reader.Storage.Events.ThreadRootsAsync(reader.Room.RoomId, before, wanted);
            more = found.Count == wanted;
            if (found.Count == 0)
                break;
            before = found[^1].NewestAnchor;
            var rows = await reader.Visibility.FilterAsync(await reader.Room.FindManyAsync([.. found.Select(f => f.RootId)]));
            var children = await bundles.ChildrenAsync(rows);
            roots.AddRange(rows.Where(r => children.Contains(r.EventId) && (include != "participated" || bundles.HasParticipated(r, children[r.EventId]))));
        }

        var renderer = reader.Renderer();
        await renderer.PrepareAsync(roots, reader.Visibility, previous: false);
        await bundles.AddAsync(renderer, roots);
        return PooledJson.Build(writer =>
        {
            writer.WriteStartObject();
            renderer.WriteArray(writer, "chunk"u8, roots);
            if (more)
                writer.WriteString("next_batch"u8, before.ToString(CultureInfo.InvariantCulture));
            writer.WriteEndObject();
        });
    }
}
