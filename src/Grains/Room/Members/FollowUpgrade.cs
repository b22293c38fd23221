using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary>What follows when a local user joins a room that replaced another (C-S API, Room upgrades, Server behaviour).</summary>
internal sealed class FollowUpgrade(IGrainFactory grains)
{
    /// <summary>
    /// Carries the user's settings over and, if another server made the new room, this server's aliases and its listing of the old one. Only the old room's
    /// tombstone can say that this is its replacement.
    /// </summary>
    public async Task RunAsync(RoomActivation activation, string userId)
    {
        if (await activation.ReadAsync(PredecessorAsync) is not { } old || old == activation.RoomId)
            return;
        if (await grains.GetGrain<IRoomGrain>(old).MoveTo(activation.RoomId, UserId.Parse(userId)))
            await grains.GetGrain<IUserGrain>(userId).FollowUpgrade(RoomId.Parse(old), activation.RoomId);
    }

    private static async ValueTask<string?> PredecessorAsync(ActiveRoom? room)
    {
        if (room is null || await room.Current.FindAsync(EventTypes.Create, "") is not { } create ||
            !create.Content.TryGetProperty("predecessor"u8, out var predecessor))
            return null;
        return JsonBytes.StringMember(predecessor, "room_id") is { } id && RoomId.IsValid(id) ? id : null;
    }
}
