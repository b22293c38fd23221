using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>A room alias.</summary>
/// <remarks>
/// It needs no fence (ADR 0004): it keeps nothing in memory, an alias is inserted only where there is none, and deleted only as the row that was judged.
/// </remarks>
[GrainType("roomalias")]
public sealed class RoomAliasGrain(IStorage storage, MatrixSettings settings, CurrentState state, IRemoteDirectory remote) : Grain, IRoomAliasGrain
{
    private const string CanonicalAlias = "m.room.canonical_alias";
    private const int MaxServers = 50;

    private string Alias => this.GetPrimaryKeyString();

    public async Task<Outcome<Nothing>> Create(Requester requester, RoomId roomId)
    {
        if (!IsLocal(out var invalid))
            return invalid ?? MatrixError.InvalidParam("The alias belongs to another server");
        if (await storage.Rooms.GetAsync(roomId) is null)
            return MatrixError.NotFound("The room is not known to this server");
        if (!requester.IsAdmin && !await IsJoinedAsync(roomId, requester.UserId))
            return MatrixError.Forbidden("Only members of the room may give it an alias");
        if (await storage.Directory.GetAliasAsync(Alias) is not null)
            return Taken();
        if (settings.BudgetOf(Budgets.AliasesOfRoom).CheckAll((await storage.Directory.AliasesOfAsync(roomId)).Count + 1) is { } full)
            return full;
        if (settings.BudgetOf(Budgets.AliasesOfUser).CheckAll(await storage.Directory.CountOfCreatorAsync(requester.UserId) + 1) is { } many)
            return many;
        var unit = new WriteUnit();
        storage.Directory.AddAlias(unit, new AliasRow(Alias, roomId, requester.UserId));
        try
        {
            await storage.CommitAsync(unit);
        }
        catch (ConflictException)
        {
            return Taken();
        }

        return Nothing.Value;
    }

    public async Task<Outcome<RoomAliasTarget>> Resolve()
    {
        if (!IsLocal(out var invalid))
            return invalid is null ? await remote.ResolveAsync(RoomAlias.Parse(Alias).Domain.ToString(), Alias) : invalid;
        if (await storage.Directory.GetAliasAsync(Alias) is not { } row)
            return MatrixError.NotFound($"Room alias {Alias} not found.");
        var servers = (await storage.Memberships.ServersAsync(row.RoomId)).Select(s => s.Server).ToList();
        var local = settings.ServerName.Value;
        if (servers.Remove(local) || servers.Count == 0)
            servers.Insert(0, local);
        return new RoomAliasTarget(row.RoomId, [.. servers.Take(MaxServers)]);
    }

    public async Task<Outcome<Nothing>> Delete(Requester requester)
    {
        if (!IsLocal(out var invalid))
            return invalid ?? MatrixError.Forbidden("The alias belongs to another server");
        if (await storage.Directory.GetAliasAsync(Alias) is not { } row)
            return MatrixError.NotFound($"Room alias {Alias} not found.");
        var room = GrainFactory.GetGrain<IRoomGrain>(row.RoomId);
        var hasPower = await room.CanSendState(requester.UserId, CanonicalAlias);
        if (!hasPower && row.Creator != requester.UserId && !requester.IsAdmin)
            return MatrixError.Forbidden("Only the alias's creator and those with power in the room may remove it");
        var unit = new WriteUnit();
        storage.Directory.DeleteAlias(unit, row);
        await storage.CommitAsync(unit);

        // The alias is gone whether or not the room's own event can follow (CS API, DELETE directory/room, note).
        if (hasPower)
            await RemoveFromCanonicalAsync(requester, room, row.RoomId);
        return Nothing.Value;
    }

    private async Task RemoveFromCanonicalAsync(Requester requester, IRoomGrain room, string roomId)
    {
        if (await state.GetAsync(roomId, CanonicalAlias, "") is not { } canonical)
            return;
        using var document = JsonText.Parse(canonical.Json);
        if (document.RootElement.TryGetProperty("content"u8, out var content) && CanonicalAliasContent.Without(content, Alias) is { } changed)
            await room.SetState(new StateToSet(requester, CanonicalAlias, "", changed));
    }

    private async Task<bool> IsJoinedAsync(string roomId, string userId) =>
        await storage.Memberships.GetAsync(roomId, userId) is { Membership: "join" };

    private bool IsLocal(out MatrixError? invalid)
    {
        invalid = null;
        if (RoomAlias.TryParse(Alias, out var alias))
            return alias.Domain.SequenceEqual(settings.ServerName.Value);
        invalid = MatrixError.InvalidParam("Room alias invalid");
        return false;
    }

    private MatrixError Taken() => MatrixError.Unknown($"Room alias {Alias} already exists.", 409);
}
