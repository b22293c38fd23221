using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary><c>POST /rooms/{roomId}/forget</c>.</summary>
internal static class ForgetRoom
{
    public static async Task<Outcome<Nothing>> RunAsync(RoomActivation activation, string userId)
    {
        var memberships = activation.Services.Storage.Memberships;
        var row = await memberships.GetAsync(activation.RoomId, userId);
        if (row is null)
            return MatrixError.NotFound("Unknown room");
        if (row.Membership is not (Membership.Leave or Membership.Ban))
            return MatrixError.Unknown($"User {userId} is in room {activation.RoomId}");
        if (!row.Forgotten)
            await activation.WriteAsync(unit => memberships.Forget(unit, activation.RoomId, userId, unit.NextPosition(ChangeKind.Membership, userId)));
        return Nothing.Value;
    }
}
