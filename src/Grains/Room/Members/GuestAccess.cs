using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary>Guests leave a room that takes no guests any more (C-S API, Guest access, server behaviour).</summary>
internal static class GuestAccess
{
    /// <summary>Has the room's local guests leave if the room does not let guests in; answers whether that is so.</summary>
    public static async Task<bool> RemoveGuestsAsync(RoomActivation activation)
    {
        var storage = activation.Services.Storage;
        if (activation.Room is not { Summary.GuestCanJoin: false })
            return false;
        foreach (var member in await storage.Memberships.OfRoomAsync(activation.RoomId, Membership.Join))
        {
            if (!activation.Services.Server.IsLocalUser(member.UserId) || await storage.Accounts.GetAsync(member.UserId) is not { IsGuest: true })
                continue;
            var leave = new EventDraft(member.UserId, EventTypes.Member, member.UserId, MemberContent.Write(Membership.Leave, null, null));
            await activation.ChangeAsync<string>((room, unit) => SetState.AppendAsync(room, unit, leave));
        }

        return true;
    }
}
