using System.Collections.Immutable;
using System.Globalization;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Directory;

/// <summary>
/// Walks a space depth-first, each room once, and gives a page of it; of rooms that this server is not in, other servers are asked. A token holds the walk's
/// parameters and how many rooms earlier pages gave; the walk starts again at the root, so that no server keeps anything between pages.
/// </summary>
internal sealed class SpaceWalk(CurrentState state, RoomAccess access, RemoteSpaces remote, TimeProvider time, string userId)
{
    private const int MaxPage = 100;
    private const int MaxDepth = 100;
    private const int MaxRooms = 2_000;
    private const int MaxChildren = 1_000;

    /// <summary>A page that takes longer, because other servers do, ends early.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    public async Task<Outcome<ReadOnlyMemory<byte>>> RunAsync(string rootId, HierarchyQuery query)
    {
        var maxDepth = Math.Min(query.MaxDepth ?? MaxDepth, MaxDepth);
        if (ReadToken(query, maxDepth, out var skip) is { } error)
            return error;
        var wanted = Math.Min(query.Limit, MaxPage);
        var page = new List<SpaceRoom>();
        var seen = new HashSet<string>(StringComparer.Ordinal) { rootId };
        var stack = new Stack<(string RoomId, ImmutableArray<string> Via, int Depth)>([(rootId, await access.ServersOfAsync(rootId, userId), 0)]);
        var given = 0;
        var more = false;
        var begin = time.GetTimestamp();
        for (var visited = 0; visited < MaxRooms && stack.TryPop(out var next); visited++)
        {
            more = page.Count > 0 && time.GetElapsedTime(begin) > s_patience;
            if (more)
                break;
            if (await FindAsync(next.RoomId, next.Via, query.SuggestedOnly) is not { } room)
            {
                if (next.Depth == 0)
                    return MatrixError.Forbidden("You are not allowed to view this room.");
                continue;
            }

            more = page.Count == wanted;
            if (more)
                break;
            if (given++ >= skip)
                page.Add(room);
            if (next.Depth == maxDepth)
                continue;
            foreach (var child in room.Children.Reverse())
            {
                if (seen.Add(child.RoomId))
                    stack.Push((child.RoomId, child.Via, next.Depth + 1));
            }
        }

        return JsonBytes.Object(w =>
        {
            w.WriteStartArray("rooms"u8);
            foreach (var room in page)
                room.Write(w);
            w.WriteEndArray();
            if (more)
                w.WriteString("next_batch"u8, Token(query.SuggestedOnly, maxDepth, given));
        });
    }

    /// <summary>
    /// What other servers are told of a room and its children (S-S API, hierarchy); null if there is no such room here or the server may not know of it.
    /// </summary>
    public static async Task<ReadOnlyMemory<byte>?> ServeAsync(CurrentState state, RoomAccess access, string server, string roomId, bool suggestedOnly)
    {
        if (await access.DescribeToServerAsync(roomId, server) is not { Room: { } room })
            return null;
        var children = await ChildrenAsync(state, roomId, room, suggestedOnly);
        var shown = new List<RoomDescription>();
        var inaccessible = new List<string>();
        foreach (var child in children)
        {
            var (isHere, description) = await access.DescribeToServerAsync(child.RoomId, server);
            if (description is not null)
                shown.Add(description);
            else if (isHere)
                inaccessible.Add(child.RoomId);
        }

        return JsonBytes.Object(w =>
        {
            w.WriteStartArray("children"u8);
            foreach (var child in shown)
            {
                w.WriteStartObject();
                child.WriteMembers(w);
                w.WriteEndObject();
            }

            w.WriteEndArray();
            w.WriteStartArray("inaccessible_children"u8);
            foreach (var id in inaccessible)
                w.WriteStringValue(id);
            w.WriteEndArray();
            w.WritePropertyName("room"u8);
            SpaceRoom.Of(room, children).Write(w);
        });
    }

    private async Task<SpaceRoom?> FindAsync(string roomId, ImmutableArray<string> via, bool suggestedOnly)
    {
        if (!await access.IsHereAsync(roomId))
            return await remote.FindAsync(roomId, via, suggestedOnly);
        return await access.DescribeAsync(roomId, userId) is { } room ? SpaceRoom.Of(room, await ChildrenAsync(state, roomId, room, suggestedOnly)) : null;
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

    private static async Task<IReadOnlyList<SpaceChild>> ChildrenAsync(CurrentState state, string roomId, RoomDescription room, bool suggestedOnly) =>
        room.Summary.RoomType == "m.space"
            ? SpaceChild.Sort((await state.OfTypeAsync(roomId, "m.space.child", MaxChildren)).Select(SpaceChild.Read), suggestedOnly) : [];
}
