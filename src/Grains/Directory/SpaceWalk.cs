using System.Globalization;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Device;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Directory;

/// <summary>
/// Walks a space depth-first, each room once, and gives a page of it. A token holds the walk's parameters and how many rooms earlier pages gave; the walk
/// starts again at the root, so that no server keeps anything between pages.
/// </summary>
internal sealed class SpaceWalk(CurrentState state, RoomAccess access, string userId)
{
    private const int MaxPage = 100;
    private const int MaxDepth = 100;
    private const int MaxRooms = 2_000;
    private const int MaxChildren = 1_000;

    public async Task<Outcome<ReadOnlyMemory<byte>>> RunAsync(string rootId, HierarchyQuery query)
    {
        var maxDepth = Math.Min(query.MaxDepth ?? MaxDepth, MaxDepth);
        if (ReadToken(query, maxDepth, out var skip) is { } error)
            return error;
        var wanted = Math.Min(query.Limit, MaxPage);
        var page = new List<(RoomDescription Room, IReadOnlyList<SpaceChild> Children)>();
        var seen = new HashSet<string>(StringComparer.Ordinal) { rootId };
        var stack = new Stack<(string RoomId, int Depth)>([(rootId, 0)]);
        var given = 0;
        var more = false;
        for (var visited = 0; visited < MaxRooms && stack.TryPop(out var next); visited++)
        {
            if (await access.DescribeAsync(next.RoomId, userId) is not { } room)
            {
                if (next.Depth == 0)
                    return MatrixError.Forbidden("You are not allowed to view this room.");
                continue;
            }

            if (page.Count == wanted)
            {
                more = true;
                break;
            }

            var children = room.Summary.RoomType == "m.space" ? await ChildrenAsync(next.RoomId, query.SuggestedOnly) : [];
            if (given++ >= skip)
                page.Add((room, children));
            if (next.Depth == maxDepth)
                continue;
            foreach (var child in children.Reverse())
            {
                if (seen.Add(child.RoomId))
                    stack.Push((child.RoomId, next.Depth + 1));
            }
        }

        return JsonBytes.Object(w =>
        {
            w.WriteStartArray("rooms"u8);
            foreach (var (room, children) in page)
            {
                w.WriteStartObject();
                room.WriteMembers(w);
                w.WriteStartArray("children_state"u8);
                foreach (var child in children)
                    w.WriteRawValue(child.Stripped.Span);
                w.WriteEndArray();
                w.WriteEndObject();
            }

            w.WriteEndArray();
            if (more)
                w.WriteString("next_batch"u8, Token(query.SuggestedOnly, maxDepth, given));
        });
    }

    private static string Token(bool suggestedOnly, int maxDepth, int skip) =>
        string.Create(CultureInfo.InvariantCulture, $"h{(suggestedOnly ? 1 : 0)}_{maxDepth}_{skip}");

    private static MatrixError? ReadToken(HierarchyQuery query, int maxDepth, out int skip)
    {
        skip = 0;
        if (query.From is not { } token)
            return null;
        var last = token.LastIndexOf('_');
        if (last < 0 || !int.TryParse(token.AsSpan(last + 1), NumberStyles.None, CultureInfo.InvariantCulture, out skip))
            return MatrixError.InvalidParam("Unknown pagination token");
        return token == Token(query.SuggestedOnly, maxDepth, skip)
            ? null
            : MatrixError.InvalidParam("suggested_only and max_depth cannot change on paginated requests");
    }

    private async Task<IReadOnlyList<SpaceChild>> ChildrenAsync(string roomId, bool suggestedOnly)
    {
        var children = (await state.OfTypeAsync(roomId, "m.space.child", MaxChildren))
            .Select(SpaceChild.Read).OfType<SpaceChild>().Where(c => c.Suggested || !suggestedOnly).ToList();
        children.Sort();
        return children;
    }
}
