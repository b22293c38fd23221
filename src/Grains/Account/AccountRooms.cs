using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>What an account does to all rooms of its user, some at a time. A room that fails is logged and passed over.</summary>
internal sealed class AccountRooms(IStorage storage, IGrainFactory grains, string userId, ILogger logger)
{
    private const int AtOnce = 16;

    /// <summary>Leaves all rooms; rejects invites and takes knocks back.</summary>
    public Task LeaveAllAsync(Requester requester) => ForEachAsync(
        static row => row.Membership is "join" or "invite" or "knock",
        room => room.ChangeMembership(new MembershipChange(requester, MembershipAction.Leave, userId)));

    /// <summary>Shows the new name and picture in all joined rooms (C-S API, Events on Change of Profile Information).</summary>
    public Task UpdateProfileAsync(string? displayName, string? avatarUrl) => ForEachAsync(
        static row => row.Membership == "join",
        room => room.UpdateProfile(new MemberProfile(userId, displayName, avatarUrl)));

    private async Task ForEachAsync(Func<MembershipRow, bool> which, Func<IRoomGrain, Task> act)
    {
        var rows = await storage.Memberships.OfUserAsync(userId);
        foreach (var some in rows.Where(which).Chunk(AtOnce))
            await Task.WhenAll(some.Select(row => TryAsync(row.RoomId, act)));
    }

    private async Task TryAsync(string roomId, Func<IRoomGrain, Task> act)
    {
        try
        {
            await act(grains.GetGrain<IRoomGrain>(roomId));
        }
        catch (Exception fault)
        {
            AccountLog.RoomFailed(logger, userId, roomId, fault);
        }
    }
}
