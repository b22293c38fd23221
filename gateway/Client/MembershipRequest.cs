using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Client;

/// <summary>What the endpoints that change memberships have in common.</summary>
internal static class MembershipRequest
{
    private const int MaxReason = 16 * 1024;

    /// <summary>Changes the requester's own membership; the body may have a <c>reason</c> or be missing.</summary>
    public static async ValueTask<MatrixResponse> ChangeOwnAsync(MatrixRequest request, MembershipAction action)
    {
        var roomId = request.RouteRoomId();
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync(emptyAllowed: true)).TryGet(out var body, out var error))
            return error;
        var reason = body.OptionalString("reason", MaxReason);
        if (body.Error is { } wrong)
            return wrong;
        return Answer(await ChangeAsync(request, roomId, new MembershipChange(request.Requester, action, request.Requester.UserId, reason)));
    }

    /// <summary>Changes the membership of the user that the body names.</summary>
    public static async ValueTask<MatrixResponse> ChangeOtherAsync(MatrixRequest request, MembershipAction action)
    {
        var roomId = request.RouteRoomId();
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var userId = body.String("user_id");
        var reason = body.OptionalString("reason", MaxReason);
        if (body.Error is { } wrong)
            return wrong;
        if (!UserId.IsValid(userId))
            return MatrixError.InvalidParam("user_id is not a user ID");
        return Answer(await ChangeAsync(request, roomId, new MembershipChange(request.Requester, action, userId, reason)));
    }

    public static Task<Outcome<string>> ChangeAsync(MatrixRequest request, string roomId, MembershipChange change) =>
        request.Grain<IRoomGrain>(roomId).ChangeMembership(change);

    private static MatrixResponse Answer(Outcome<string> outcome) => outcome.Error is { } error ? error : MatrixResponse.Empty;
}
