using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.InMemory;

/// <summary>Reads a room from storage.</summary>
internal static class RoomLoader
{
    /// <summary>The room as committed; null if this server does not have it.</summary>
    public static async Task<ActiveRoom?> LoadAsync(RoomServices services, string roomId)
    {
        var storage = services.Storage;
        if (await storage.Rooms.GetAsync(roomId) is not { } row)
            return null;
        if (!RoomVersion.TryGet(row.Version, out var version))
            throw new InvalidDataException($"room {roomId} has the unknown version {row.Version}");
        var summary = await storage.Rooms.GetSummaryAsync(roomId) ?? ActiveRoom.EmptySummary(roomId);
        var room = new ActiveRoom(services, roomId, version, row.State, summary);
        foreach (var (server, members) in await storage.Memberships.ServersAsync(roomId))
            room.Servers[server] = members;
        if (await storage.PartialRooms.GetAsync(roomId) is { } partial)
            room.Partial = new PartialState(partial);
        room.Detached.UnionWith(await storage.Events.DetachedAsync(roomId));
        foreach (var staged in await storage.StagedPdus.OfRoomAsync(roomId))
        {
            // What cannot be read is dropped when it is next tried.
            if (Pdu.TryFromStored(staged.Json, version, staged.EventId, out var pdu))
                room.Staged.Add(pdu, staged.Origin);
        }

        room.Extremities = await LoadExtremitiesAsync(room, row);
        return room;
    }

    private static async Task<IReadOnlyList<Extremity>> LoadExtremitiesAsync(ActiveRoom room, RoomRow row)
    {
        if (row.Extremities is [var only])
            return [new Extremity(only, row.Depth, row.State)];
        var events = await room.Events.GetManyAsync(row.Extremities);
        var extremities = new List<Extremity>(row.Extremities.Count);
        foreach (var eventId in row.Extremities)
        {
            if (events.TryGetValue(eventId, out var known) && known.StateBefore is { } before)
                extremities.Add(new Extremity(eventId, known.Pdu.Depth, await StateAfter.OfAsync(room, known.Pdu, before)));
        }

        // These nodes were written with their events.
        room.PendingNodes.DiscardUnwritten();
        return extremities.Count > 0 ? extremities : await NewestAsync(room, row);
    }

    // Where the list, or all that it names, is damaged in storage: what comes next follows the newest event.
    private static async Task<IReadOnlyList<Extremity>> NewestAsync(ActiveRoom room, RoomRow row) =>
        (await room.Services.Storage.Events.LatestLiveAsync([room.RoomId], 0, long.MaxValue, 1))[room.RoomId].FirstOrDefault() is { } newest
            ? [new Extremity(newest.EventId, row.Depth, row.State)] : [];
}
