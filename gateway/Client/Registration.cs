using System.Collections.Immutable;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>registration.yaml: registering users and guests.</summary>
internal static class Registration
{
    private static readonly EndpointOptions s_options = EndpointOptions.Anonymous.Limited(RateClass.Registration);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPost("/_matrix/client/v3/register", RegisterAsync, s_options);
        routes.MapMatrixGet("/_matrix/client/v3/register/available", IsAvailableAsync, s_options);
    }

    private static async ValueTask<MatrixResponse> RegisterAsync(MatrixRequest request)
    {
        var kind = request.Query("kind") ?? "user";
        if (kind is not ("user" or "guest"))
            request.Fail(MatrixError.InvalidParam("'kind' must be user or guest"));
        if (request.Error is { } parameterError)
            return parameterError;
        if (!(await request.ReadFieldsAsync(emptyAllowed: true)).TryGet(out var body, out var error))
            return error;
        var registration = request.Grain<IRegistrationGrain>(IRegistrationGrain.Key);
        if (kind == "guest")
        {
            // All parameters but the display name must be ignored.
            var guest = new NewSession(
                null, body.OptionalString("initial_device_display_name", DeviceManagement.MaxDisplayNameBytes), false, request.Address, request.UserAgent);
            return body.Error ?? CredentialsResponse.From(request, await registration.RegisterGuest(guest));
        }

        var flows = await registration.GetFlows();
        if (flows.Error is { } disabled)
            return disabled;
        return await RegisterUserAsync(request, body, registration, flows.Value);
    }

    private static async ValueTask<MatrixResponse> RegisterUserAsync(
        MatrixRequest request, BodyFields body, IRegistrationGrain registration, ImmutableArray<UiaFlow> flows)
    {
        var username = body.OptionalString("username");
        var password = body.OptionalString("password");
        var session = CredentialsResponse.ReadSession(request, body);
        var inhibitLogin = body.OptionalBool("inhibit_login") ?? false;
        if (password is not null)
            PasswordManagement.Check(body, password);
        if (body.Error is { } error)
            return error;

        // The name is checked before the user is put through any stage.
        if (username is not null && (await registration.CheckUsername(username)).Error is { } taken)
            return taken;
        var (challenge, token) = await UserInteractive.SubmitAsync(request, body, "register", null, flows);
        if (challenge is { } response)
            return response;
        if (password is null)
            return MatrixError.MissingParam("Missing required key 'password'");
        var account = new NewAccount(password, IsAdmin: false, IsGuest: false, null, null, inhibitLogin ? null : session);
        return CredentialsResponse.From(request, await registration.RegisterUser(new(username, account, token)));
    }

    private static async ValueTask<MatrixResponse> IsAvailableAsync(MatrixRequest request)
    {
        var username = request.RequiredQuery("username");
        if (request.Error is { } error)
            return error;
        var registration = request.Grain<IRegistrationGrain>(IRegistrationGrain.Key);
        if ((await registration.GetFlows()).Error is { } disabled)
            return disabled;
        return MatrixResponse.From(await registration.CheckUsername(username), static (writer, _) => writer.WriteBoolean("available"u8, true));
    }
}
