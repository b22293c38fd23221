using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>password_management.yaml: changing one's password.</summary>
internal static class PasswordManagement
{
    private const int MaxLength = 512;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPost("/_matrix/client/v3/account/password", ChangeAsync, EndpointOptions.User.Limited(RateClass.Login));

    /// <summary>Records what keeps a text from being a password: it is empty, or so long that hashing it costs too much.</summary>
    public static void Check(BodyFields body, string password)
    {
        if (password.Length == 0)
            body.Fail(new MatrixError(ErrCodes.WeakPassword, 400, "The password is empty"));
        else if (password.Length > MaxLength)
            body.Fail(MatrixError.InvalidParam($"Passwords have at most {MaxLength} characters"));
    }

    private static async ValueTask<MatrixResponse> ChangeAsync(MatrixRequest request)
    {
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;

        // A client may ask for the flows first, before the user has typed a password.
        var password = body.OptionalString("new_password");
        var logOutDevices = body.OptionalBool("logout_devices") ?? true;
        if (password is not null)
            Check(body, password);
        if (body.Error is { } wrong)
            return wrong;
        if (await UserInteractive.RequirePasswordAsync(request, body) is { } challenge)
            return challenge;
        if (password is null)
            return MatrixError.MissingParam("Missing required key 'new_password'");
        var requester = request.Requester;
        return MatrixResponse.From(await request.Grain<IAccountGrain>(requester.UserId).ChangePassword(password, logOutDevices, requester.DeviceId));
    }
}
