using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Creating;

/// <summary>Makes the room's first events in one commit.</summary>
internal static class CreateRoom
{
    public static async Task<Outcome<Nothing>> RunAsync(RoomActivation activation, RoomCreation creation)
    {
        if (!RoomVersion.TryGet(creation.RoomVersion, out var version))
            return MatrixError.UnsupportedRoomVersion();
        if (!Pdu.Parse(creation.CreateEvent, version).TryGet(out var create, out var error))
            return error;
        if (create.RoomId != activation.RoomId)
            return MatrixError.InvalidParam("The create event is of another room");
        var services = activation.Services;
        if (creation.Alias is { } taken && await services.Storage.Directory.GetAliasAsync(taken) is not null)
            return MatrixError.RoomInUse();
        return await activation.CreateAsync<Nothing>(
            () => new ActiveRoom(services, activation.RoomId, version, StateNodeId.Empty, ActiveRoom.EmptySummary(activation.RoomId)),
            async (room, unit) =>
            {
                await room.Current.LoadAsync();
                var verdict = AuthRules.Check(version, create, room.Current);
                if (!verdict.IsAllowed)
                    return MatrixError.BadJson($"creation_content is not allowed ({verdict.RuleNumber}: {verdict.Text})");
                await unit.AppendAsync(create, room.Current, EventOrigin.None, distribute: true);
                foreach (var draft in creation.Drafts)
                {
                    var built = await BuildLocalEvent.RunAsync(room, new EventDraft(create.Sender, draft.Type, draft.StateKey, draft.Content));
                    if (!built.TryGet(out var local, out var fault))
                        return fault.ErrCode is ErrCodes.Forbidden or ErrCodes.InvalidParam && draft.Type != EventTypes.Member
                            ? InvalidState(draft, fault) : fault;
                    await unit.AppendAsync(local.Pdu, local.Before, EventOrigin.None, distribute: true);
                }

                if (creation.Alias is { } alias)
                    services.Storage.Directory.AddAlias(unit.Unit, new AliasRow(alias, room.RoomId, create.Sender));
                if (creation.Public)
                    services.Storage.Rooms.SetPublic(unit.Unit, room.RoomId, "", true);
                return Nothing.Value;
            });
    }

    private static MatrixError InvalidState(StateDraft draft, MatrixError fault) =>
        new(ErrCodes.InvalidRoomState, 400, $"{draft.Type}: {fault.Message}");
}
