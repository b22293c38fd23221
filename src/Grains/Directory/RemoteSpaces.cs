using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Directory;

namespace OrleansMatrix.Grains.Directory;

/// <summary>The rooms of one walk that this server is not in, as other servers tell them.</summary>
/// <param name="grains">The grains.</param>
/// <param name="access">Says what the user may know.</param>
/// <param name="userId">The user; null: nobody.</param>
/// <param name="goesOn">It is a further page of the walk.</param>
internal sealed class RemoteSpaces(IGrainFactory grains, RoomAccess access, string? userId, bool goesOn = false)
{
    private const int MaxChildren = 1_000;

    // What the answer for a space tells of its children need not be asked again.
    private readonly Dictionary<string, RemoteRoomSummary> _told = new(StringComparer.Ordinal);
    private readonly HashSet<string> _inaccessible = new(StringComparer.Ordinal);

    /// <summary>The room as far as the user may know of it; null otherwise.</summary>
    public async Task<SpaceRoom?> FindAsync(string roomId, ImmutableArray<string> via, bool suggestedOnly)
    {
        // "The requesting server should consider these room IDs as not accessible from anywhere. They should not be re-requested."
        if (_inaccessible.Contains(roomId))
            return null;
        if (_told.TryGetValue(roomId, out var told) && !told.IsSpace)
            return await ShowAsync(roomId, told, []);
        var room = grains.GetGrain<IRemoteRoomGrain>(roomId);
        var answer = await (goesOn ? room.HierarchyGoesOn(via, suggestedOnly) : room.Hierarchy(via, suggestedOnly));
        if (!answer.Ok || !JsonBytes.TryParseObject(answer.Value, out var json) ||
            !json.TryGetProperty("room"u8, out var root) || RemoteRoomSummary.Read(root, roomId) is not { } summary)
            return told is null ? null : await ShowAsync(roomId, told, []);
        foreach (var child in List(json, "children"))
        {
            if (JsonBytes.StringMember(child, "room_id") is { } id && RemoteRoomSummary.Read(child, id) is { } below)
                _told.TryAdd(id, below);
        }

        _inaccessible.UnionWith(List(json, "inaccessible_children").Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!));
        return await ShowAsync(roomId, summary, summary.IsSpace ? SpaceChild.Sort(List(root, "children_state").Select(SpaceChild.Read), suggestedOnly) : []);
    }

    private static IEnumerable<JsonElement> List(JsonElement json, string name) =>
        json.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Take(MaxChildren) : [];

    // The other server told what this one's users may see at most.
    private async Task<SpaceRoom?> ShowAsync(string roomId, RemoteRoomSummary room, IReadOnlyList<SpaceChild> children) =>
        await access.MayKnowAsync(roomId, room.JoinRule, room.WorldReadable, room.AllowedRoomIds, userId) ? new SpaceRoom(room.Json, children) : null;
}
