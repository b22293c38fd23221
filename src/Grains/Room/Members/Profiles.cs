using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary>Asks accounts, or other servers, for what member events say of their users; runs before the room's turn.</summary>
internal sealed class Profiles(IGrainFactory grains, LocalServer server, TimeProvider time)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    /// <summary>The user's profile; empty for those who have none, and where their server does not tell it in 3 s.</summary>
    public async Task<MemberProfile> GetAsync(string userId)
    {
        var outcome = server.IsLocalUser(userId) ? await grains.GetGrain<IAccountGrain>(userId).GetProfile() : await AskAsync(userId);
        if (!outcome.Ok || !JsonBytes.TryParseObject(outcome.Value, out var profile))
            return new MemberProfile(userId, null, null);
        return new MemberProfile(userId, JsonBytes.StringMember(profile, "displayname"), JsonBytes.StringMember(profile, "avatar_url"));
    }

    private async Task<Outcome<ReadOnlyMemory<byte>>> AskAsync(string userId)
    {
        try
        {
            return await grains.GetGrain<IRemoteProfileGrain>(userId).Get(null).WaitAsync(s_patience, time);
        }
        catch (TimeoutException)
        {
            return MatrixError.NotFound("The user's server is slow");
        }
    }
}
