using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>
/// Takes a room over from a resident server (S-S API, Joining Rooms): the events of its state are stored as outliers by now; the join is the first live event.
/// </summary>
internal static class ImportRoom
{
    private const int Chunk = 500;

    public static async Task<Outcome<string>> RunAsync(RoomActivation activation, ImportedRoom import)
    {
        var services = activation.Services;
        if (!RoomVersion.TryGet(import.RoomVersion, out var version))
            return MatrixError.UnsupportedRoomVersion();
        var joined = await VerifyPdu.RunAsync(services.Keys, activation.RoomId, version, import.JoinEvent);
        if (joined.Pdu is not { Type: EventTypes.Member, Membership: Membership.Join } join || !services.Server.IsLocalUser(join.Sender) ||
            join.StateKey != join.Sender)
            return MatrixError.Unknown(joined.Fault ?? "Not a join of a local user", 502);
        if (activation.Room is { } present && present.Servers.ContainsKey(services.Server.Name.Value))
            return await AddAsync(activation, join, import);
        var entries = await ReadStateAsync(services, activation.RoomId, version, import.State);
        if (entries.Count(e => e.Type == EventTypes.Create) != 1)
            return MatrixError.Unknown("The room's state has no valid m.room.create", 502);
        return activation.Room is null
            ? await activation.CreateAsync<string>(() => Empty(services, activation.RoomId, version), (room, unit) =>
            FillAsync(room, unit, entries, join, import))
            : await activation.ChangeAsync<string>((room, unit) => FillAsync(room, unit, entries, join, import));
    }

    // This server is in the room but could not let the user in by itself (S-S API, Restricted rooms).
    private static Task<Outcome<string>> AddAsync(RoomActivation activation, Pdu join, ImportedRoom import) =>
        activation.ChangeAsync<string>(async (room, unit) =>
    {
        var given = room.Partial is not null ? [] : import.LacksMembers ? default : import.State;
        var verdict = await ReceivePdu.RunAsync(room, unit, join, given, distribute: false);
        return verdict.Verdict is PduVerdict.Accepted or PduVerdict.Duplicate ? join.EventId
            : MatrixError.Forbidden(verdict.Reason ?? "The join is not allowed");
    });

    private static ActiveRoom Empty(RoomServices services, string roomId, RoomVersion version) =>
        new(services, roomId, version, StateNodeId.Empty, ActiveRoom.EmptySummary(roomId));

    private static async Task<List<StateEntry>> ReadStateAsync(RoomServices services, string roomId, RoomVersion version, IEnumerable<string> eventIds)
    {
        var entries = new List<StateEntry>();
        foreach (var some in eventIds.Chunk(Chunk))
        {
            foreach (var row in await services.Storage.Events.GetManyAsync(some))
            {
                if (row.StateKey is not null && row.RoomId == roomId && !row.Status.HasFlag(EventStatus.Rejected))
                    entries.Add(new StateEntry(row.Type, row.StateKey, row.EventId));
            }
        }

        return entries;
    }

    private static async ValueTask<Outcome<string>> FillAsync(ActiveRoom room, RoomUnit unit, List<StateEntry> state, Pdu join, ImportedRoom import)
    {
        var known = await room.Events.GetAsync(join.EventId);
        if (known is { StateBefore: not null })
            return join.EventId;
        var before = room.View(room.Map.Build(state));
        var partial = import.LacksMembers
            ? new PartialState(join.EventId, import.Origin, import.Servers.Append(import.Origin).Where(s => s != room.Services.Server.Name.Value), [])
            : null;
        var wasPartial = room.Partial;
        room.Partial = partial;
        if (await CheckState.FindFaultAsync(room, join, before) is { } fault)
        {
            room.Partial = wasPartial;
            room.PendingNodes.DiscardUnwritten();
            return MatrixError.Forbidden(fault);
        }

        if (partial is not null)
            room.Services.Storage.PartialRooms.Begin(unit.Unit, room.RoomId, join.EventId, partial.Origin, partial.Servers);

        var isKnown = room.Extremities.Count > 0;

        // What this server remembers of the room is from before it left.
        room.Extremities = [];
        unit.UnstageAll();
        await unit.AppendAsync(join, before, EventOrigin.None, distribute: false, outlier: known);
        if (partial is null && wasPartial is not null)
            unit.EndPartial();
        foreach (var server in partial?.Servers ?? (IReadOnlyCollection<string>)[])
            room.Servers.TryAdd(server, 0);
        unit.AddGap([.. join.PrevEvents]);
        if (isKnown)
            await Redactions.ApplyPendingAsync(room, unit, [.. state.Select(e => e.EventId)]);
        return join.EventId;
    }
}
