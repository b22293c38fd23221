using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary>Issues a member event again when the user's profile has changed (C-S API, Events on Change of Profile Information).</summary>
internal static class UpdateProfile
{
    public static Task<Outcome<string>> RunAsync(RoomActivation activation, MemberProfile profile) => activation.ChangeAsync<string>(async (room, unit) =>
    {
        var present = await room.Current.FindAsync(EventTypes.Member, profile.UserId);
        if (present?.Membership != Membership.Join)
            return MatrixError.Forbidden("The user is not in the room");
        var same = JsonBytes.StringMember(present.Content, "displayname") == profile.DisplayName &&
            JsonBytes.StringMember(present.Content, "avatar_url") == profile.AvatarUrl;
        if (same)
            return present.EventId;
        var content = MemberContent.WithProfile(present.Content, profile);
        return await SetState.AppendAsync(room, unit, new EventDraft(profile.UserId, EventTypes.Member, profile.UserId, content));
    });
}
