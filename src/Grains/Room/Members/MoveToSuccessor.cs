using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary>The old room's part in an upgrade: what this server keeps about it beside its events goes to the new room.</summary>
internal static class MoveToSuccessor
{
    /// <summary>
    /// Moves the local aliases and the place in the public list if the room's tombstone names the successor and the user is or was in the room; answers whether
    /// it does.
    /// </summary>
    public static async Task<bool> RunAsync(RoomActivation activation, string successor, string userId)
    {
        var isMeant = await activation.ReadAsync(async room => room is not null &&
            await room.Current.FindAsync(EventTypes.Tombstone, "") is { } tombstone &&
            JsonBytes.StringMember(tombstone.Content, "replacement_room") == successor &&
            await room.Current.FindAsync(EventTypes.Member, userId) is { Membership: Membership.Join or Membership.Leave });
        if (!isMeant)
            return false;
        var belongings = await RoomBelongings.ReadAsync(activation);
        if (!belongings.IsEmpty)
        {
            await activation.ChangeAsync<Nothing>((_, unit) =>
            {
                belongings.Move(unit.Unit, successor);
                return ValueTask.FromResult<Outcome<Nothing>>(Nothing.Value);
            });
        }

        return true;
    }
}

/// <summary>What this server keeps about a room beside its events: its local aliases and its place in the public list.</summary>
internal sealed record RoomBelongings(RoomActivation Activation, IReadOnlyList<AliasRow> Aliases, bool IsPublic)
{
    public bool IsEmpty => Aliases.Count == 0 && !IsPublic;

    public static async Task<RoomBelongings> ReadAsync(RoomActivation activation)
    {
        var storage = activation.Services.Storage;
        var aliases = new List<AliasRow>();
        foreach (var alias in await storage.Directory.AliasesOfAsync(activation.RoomId))
        {
            if (await storage.Directory.GetAliasAsync(alias) is { } row)
                aliases.Add(row);
        }

        return new RoomBelongings(activation, aliases, await storage.Rooms.IsPublicAsync(activation.RoomId));
    }

    /// <summary>Gives them to another room.</summary>
    public void Move(WriteUnit unit, string successor)
    {
        var storage = Activation.Services.Storage;
        foreach (var row in Aliases)
        {
            storage.Directory.DeleteAlias(unit, row);
            storage.Directory.AddAlias(unit, row with { RoomId = successor });
        }

        if (!IsPublic)
            return;
        storage.Rooms.SetPublic(unit, Activation.RoomId, "", false);
        storage.Rooms.SetPublic(unit, successor, "", true);
    }
}
