using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>What can be found out about a room from outside.</summary>
/// <remarks>
/// It reads for many at once. All that it writes is whether the room is listed: one row that is there or not, whatever it was before, so that of two who set it
/// the last one holds, as with one grain.
/// </remarks>
[StatelessWorker]
[GrainType("roomlisting")]
public sealed class RoomListingGrain(IStorage storage, CurrentState state, MatrixSettings settings, TimeProvider time) : Grain, IRoomListingGrain
{
    private string RoomId => this.GetPrimaryKeyString();

    private RoomAccess Access => new(storage, state, settings.ServerName.Value);

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

    public async Task<Outcome<ReadOnlyMemory<byte>>> Summary(Requester? requester, ImmutableArray<string> via)
    {
        var summary = await FindAsync(requester?.UserId, via);
        if (summary.IsEmpty)
            return MatrixError.NotFound("Room not found.");
        var membership = requester is null ? null : (await storage.Memberships.GetAsync(RoomId, requester.UserId))?.Membership ?? "leave";
        return JsonBytes.Object(w =>
        {
            using var members = JsonText.Parse(summary);
            JsonBytes.CopyMembers(w, members.RootElement);
            if (membership is not null)
                w.WriteString("membership"u8, membership);
        });
    }

    public Task<Outcome<ReadOnlyMemory<byte>>> Hierarchy(Requester requester, HierarchyQuery query) =>
        new SpaceWalk(state, Access, new RemoteSpaces(GrainFactory, Access, requester.UserId, goesOn: query.From is not null), time, requester.UserId)
            .RunAsync(RoomId, query);

    public async Task<Outcome<ReadOnlyMemory<byte>>> ServeHierarchy(ServerName origin, bool suggestedOnly) =>
        await SpaceWalk.ServeAsync(state, Access, origin, RoomId, suggestedOnly) is { } answer ? answer : MatrixError.NotFound("Unknown room");

    private async Task<ReadOnlyMemory<byte>> FindAsync(string? userId, ImmutableArray<string> via)
    {
        if (await Access.IsHereAsync(RoomId))
            return await Access.DescribeAsync(RoomId, userId) is { } room ? JsonBytes.Object(room.WriteMembers) : default;
        var servers = via.Concat(await Access.ServersOfAsync(RoomId, userId));
        return await new RemoteSpaces(GrainFactory, Access, userId).FindAsync(RoomId, [.. servers], suggestedOnly: false) is { } remote ? remote.Summary
            : default;
    }

    private static MatrixError RoomNotFound() => MatrixError.NotFound("Room not found");

    private async Task<Outcome<Nothing>> SetPublicAsync(string network, bool isPublic)
    {
        var unit = new WriteUnit();
        storage.Rooms.SetPublic(unit, RoomId, network, isPublic);
        await storage.CommitAsync(unit);
        return Nothing.Value;
    }
}
