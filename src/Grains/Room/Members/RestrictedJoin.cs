using System.Text.Json;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary>Joins to restricted rooms (C-S API, Restricted rooms; S-S API, Restricted rooms).</summary>
internal static class RestrictedJoin
{
    private const int MaxConditions = 100;

    /// <summary>
    /// The local user in whose name this server lets the user in; null if the room is not restricted or the user needs nobody. M_FORBIDDEN if no condition is
    /// met, M_UNABLE_TO_AUTHORISE_JOIN if this server cannot tell, M_UNABLE_TO_GRANT_JOIN if nobody here may let others in.
    /// </summary>
    public static async ValueTask<Outcome<string?>> FindAuthoriserAsync(ActiveRoom room, string userId)
    {
        await room.Current.LoadAsync(new StateKey(EventTypes.JoinRules, ""), new StateKey(EventTypes.Member, userId));
        if (!JoinRule.IsRestricted(JoinRule.Of(room.Current), room.Version) ||
            room.Current.Get(EventTypes.Member, userId)?.Membership is Membership.Join or Membership.Invite or Membership.Ban)
            return (string?)null;
        if (await FindFaultAsync(room, userId) is { } fault)
            return fault;
        return await FindInviterAsync(room) is { } inviter ? inviter : MatrixError.UnableToGrantJoin();
    }

    private static async ValueTask<MatrixError?> FindFaultAsync(ActiveRoom room, string userId)
    {
        var content = room.Current.Get(EventTypes.JoinRules, "")!.Content;
        var isUnsure = false;
        if (content.TryGetProperty("allow", out var allow) && allow.ValueKind == JsonValueKind.Array)
        {
            foreach (var condition in allow.EnumerateArray().Take(MaxConditions))
            {
                if (JsonBytes.StringMember(condition, "type") != "m.room_membership" || JsonBytes.StringMember(condition, "room_id") is not { } otherRoom)
                    continue;
                // What is stored of a room that this server is not in may be old.
                var storage = room.Services.Storage;
                var isResident = (await storage.Memberships.ServersAsync(otherRoom)).Any(s => s.Server == room.Services.Server.Name.Value);
                if (isResident && (await storage.Memberships.GetAsync(otherRoom, userId))?.Membership == Membership.Join)
                    return null;
                isUnsure |= !isResident || await storage.PartialRooms.GetAsync(otherRoom) is not null;
            }
        }

        // A local user's memberships are all known here, whatever rooms the server is in.
        return isUnsure && !room.Services.Server.IsLocalUser(userId)
            ? MatrixError.UnableToAuthoriseJoin()
            : MatrixError.Forbidden("You do not meet any condition for joining this room");
    }

    // Creators and users with levels of their own come first; only if everybody may invite are all members looked at.
    private static async ValueTask<string?> FindInviterAsync(ActiveRoom room)
    {
        var levels = room.Current.PowerLevels;
        var candidates = levels.PrivilegedCreators.Concat(levels.Content?.Users.Keys ?? Enumerable.Empty<string>());
        if (levels.Content is null && room.Current.Get(EventTypes.Create, "")?.Sender is { } creator)
            candidates = candidates.Append(creator);
        foreach (var candidate in candidates)
        {
            if (await MayInviteAsync(room, levels, candidate))
                return candidate;
        }

        if (levels.UsersDefault < levels.Invite)
            return null;
        foreach (var member in await room.Services.Storage.Memberships.OfRoomAsync(room.RoomId, Membership.Join))
        {
            if (await MayInviteAsync(room, levels, member.UserId))
                return member.UserId;
        }

        return null;
    }

    private static async ValueTask<bool> MayInviteAsync(ActiveRoom room, PowerLevels levels, string userId) =>
        room.Services.Server.IsLocalUser(userId) && levels.Of(userId) >= levels.Invite &&
        (await room.Current.FindAsync(EventTypes.Member, userId))?.Membership == Membership.Join;
}
