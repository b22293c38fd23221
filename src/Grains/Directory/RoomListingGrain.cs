using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Device;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>What can be found out about a room from outside.</summary>
[StatelessWorker]
public sealed class RoomListingGrain(IStorage storage, CurrentState state) : Grain, IRoomListingGrain
{
    private string RoomId => this.GetPrimaryKeyString();

    public async Task<Outcome<bool>> IsPublic() =>
        await storage.Rooms.GetAsync(RoomId) is null ? RoomNotFound() : await storage.Rooms.IsPublicAsync(RoomId);

    public async Task<Outcome<Nothing>> SetPublic(Requester requester, bool isPublic)
    {
        if (await storage.Rooms.GetAsync(RoomId) is null)
            return RoomNotFound();
        if (!requester.IsAdmin && !await GrainFactory.GetGrain<IRoomGrain>(RoomId).CanSendState(requester.UserId, "m.room.canonical_alias"))
            return MatrixError.Forbidden("You may not publish this room");
        return await SetPublicAsync("", isPublic);
    }

    public async Task<Outcome<Nothing>> SetPublicInNetwork(string network, bool isPublic) =>
        await storage.Rooms.GetAsync(RoomId) is null ? RoomNotFound() : await SetPublicAsync(network, isPublic);

    public async Task<Outcome<ReadOnlyMemory<byte>>> Aliases(Requester requester)
    {
        if (await storage.Memberships.GetAsync(RoomId, requester.UserId) is not { Membership: "join" }
            && await storage.Rooms.GetSummaryAsync(RoomId) is not { WorldReadable: true })
            return MatrixError.Forbidden("You are not a member of the room.");
        var aliases = await storage.Directory.AliasesOfAsync(RoomId);
        return JsonBytes.Object(w =>
        {
            w.WriteStartArray("aliases"u8);
            foreach (var alias in aliases.Order(StringComparer.Ordinal))
                w.WriteStringValue(alias);
            w.WriteEndArray();
        });
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> Summary(Requester? requester)
    {
        if (await new RoomAccess(storage, state).DescribeAsync(RoomId, requester?.UserId) is not { } room)
            return MatrixError.NotFound("Room not found.");
        return JsonBytes.Object(w =>
        {
            room.WriteMembers(w);
            if (requester is not null)
                w.WriteString("membership"u8, room.Membership ?? "leave");
        });
    }

    public Task<Outcome<ReadOnlyMemory<byte>>> Hierarchy(Requester requester, HierarchyQuery query) =>
        new SpaceWalk(state, new RoomAccess(storage, state), requester.UserId).RunAsync(RoomId, query);

    private static MatrixError RoomNotFound() => MatrixError.NotFound("Room not found");

    private async Task<Outcome<Nothing>> SetPublicAsync(string network, bool isPublic)
    {
        var unit = new WriteUnit();
        storage.Rooms.SetPublic(unit, RoomId, network, isPublic);
        await storage.CommitAsync(unit);
        return Nothing.Value;
    }
}
