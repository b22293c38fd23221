using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>Paths that name the user: only that user may use them.</summary>
internal static class OwnUser
{
    /// <summary>The grain of the requester; records M_FORBIDDEN if <c>{userId}</c> in the path is another user.</summary>
    public static IUserGrain Grain(MatrixRequest request)
    {
        if (request.RouteUserId() != request.Requester.UserId)
            request.Fail(MatrixError.Forbidden("That is another user's data"));
        return request.Grain<IUserGrain>(request.Requester.UserId);
    }
}
