using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary>Local users who let nobody invite them (C-S API, Invite permission).</summary>
internal sealed class InvitePermission(RoomServices services)
{
    private const string ConfigType = "m.invite_permission_config";

    /// <summary>M_INVITE_BLOCKED if the invited user is local and blocks invites.</summary>
    public Task<MatrixError?> FindFaultAsync(MembershipChange change) => FindFaultAsync(change.Target);

    /// <inheritdoc cref="FindFaultAsync(MembershipChange)"/>
    public async Task<MatrixError?> FindFaultAsync(string userId)
    {
        if (!services.Server.IsLocalUser(userId))
            return null;
        var config = await services.Storage.AccountData.GetAsync(userId, "", ConfigType);
        return config is not null && JsonBytes.TryParseObject(config.Json, out var content) && JsonBytes.StringMember(content, "default_action") == "block"
            ? new MatrixError(ErrCodes.InviteBlocked, 403, "The user does not accept invites")
            : null;
    }
}
