using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary>Asks accounts for what member events say of their users; runs before the room's turn.</summary>
internal sealed class Profiles(IGrainFactory grains, ServerIdentity server)
{
    /// <summary>The user's profile; empty for remote users and those who have none.</summary>
    public async Task<MemberProfile> GetAsync(string userId)
    {
        if (!server.IsLocalUser(userId))
            return new MemberProfile(userId, null, null);
        var outcome = await grains.GetGrain<IAccountGrain>(userId).GetProfile();
        if (!outcome.Ok || !ContentJson.TryParseObject(outcome.Value, out var profile))
            return new MemberProfile(userId, null, null);
        return new MemberProfile(userId, ContentJson.String(profile, "displayname"), ContentJson.String(profile, "avatar_url"));
    }
}
