using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Client;

/// <summary>admin.yaml: looking users up, locking and suspending them.</summary>
internal static class Admin
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet("/_matrix/client/v3/admin/whois/{userId}", WhoIsAsync);
        routes.MapMatrixGet(
            "/_matrix/client/v1/admin/lock/{userId}", static request => GetAsync(request, "locked", static status => status.Locked), EndpointOptions.Admin);
        routes.MapMatrixPut(
            "/_matrix/client/v1/admin/lock/{userId}",
            static request => SetAsync(request, "locked", static (account, value) => account.SetLocked(value)),
            EndpointOptions.Admin);
        routes.MapMatrixGet(
            "/_matrix/client/v1/admin/suspend/{userId}",
            static request => GetAsync(request, "suspended", static status => status.Suspended),
            EndpointOptions.Admin);
        routes.MapMatrixPut(
            "/_matrix/client/v1/admin/suspend/{userId}",
            static request => SetAsync(request, "suspended", static (account, value) => account.SetSuspended(value)),
            EndpointOptions.Admin);
    }

    private static async ValueTask<MatrixResponse> WhoIsAsync(MatrixRequest request)
    {
        var userId = LocalUser(request);
        if (!request.Requester.IsAdmin && request.Requester.UserId != userId)
            return MatrixError.Forbidden("You are not a server admin");
        return request.Error ?? MatrixResponse.From(await request.Grain<IAccountGrain>(userId).WhoIs());
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request, string name, Func<AccountStatus, bool> flag)
    {
        var userId = LocalUser(request);
        if (request.Error is { } error)
            return error;
        var status = await request.Grain<IAccountGrain>(userId).GetStatus();
        return Refusal(status) ?? MatrixResponse.From(status, (writer, value) => writer.WriteBoolean(name, flag(value)));
    }

    private static async ValueTask<MatrixResponse> SetAsync(MatrixRequest request, string name, Func<IAccountGrain, bool, Task<Outcome<Nothing>>> set)
    {
        var userId = LocalUser(request);
        if (request.Error is { } parameterError)
            return parameterError;
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var value = body.Bool(name);
        if (body.Error is { } wrong)
            return wrong;
        if (userId == request.Requester.UserId)
            return MatrixError.Forbidden("This cannot be done to your own account");
        var account = request.Grain<IAccountGrain>(userId);
        if (Refusal(await account.GetStatus()) is { } refusal)
            return refusal;
        return MatrixResponse.From(await set(account, value), (writer, _) => writer.WriteBoolean(name, value));
    }

    private static MatrixError? Refusal(Outcome<AccountStatus> status) => status.Error ?? status.Value switch
    {
        { Deactivated: true } => MatrixError.NotFound("No such user"),
        { IsAdmin: true } => MatrixError.Forbidden("The user is a server admin"),
        _ => null,
    };

    private static string LocalUser(MatrixRequest request)
    {
        var userId = request.RouteUserId();
        if (request.Error is null && !UserId.Parse(userId).Domain.SequenceEqual(request.Settings.ServerName.Value))
            request.Fail(MatrixError.InvalidParam("The user does not belong to this server"));
        return userId;
    }
}
