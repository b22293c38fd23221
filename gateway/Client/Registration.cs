using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Client;

/// <summary>registration.yaml: registering users and guests.</summary>
internal static class Registration
{
    private const int MaxUsernameBytes = 1024;
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
        var uia = UserInteractive.SessionOf(request, body);
        if (uia is null || body.Json.EnumerateObject().Count() > 1)
            return await RegisterUserAsync(request, body, body, registration, flows.Value, uia);

        // C-S API, User-interactive API in the REST API: a client may go on with 'auth' alone.
        using var remembered = JsonText.Parse(await UserInteractive.RecallAsync(request, body) is { IsEmpty: false } json ? json : "{}"u8.ToArray());
        return await RegisterUserAsync(request, body, new BodyFields(remembered.RootElement), registration, flows.Value, uia);
    }

    private static async ValueTask<MatrixResponse> RegisterUserAsync(
        MatrixRequest request, BodyFields body, BodyFields parameters, IRegistrationGrain registration, ImmutableArray<UiaFlow> flows, IUiaGrain? uia)
    {
        var username = parameters.OptionalString("username", MaxUsernameBytes);
        var password = parameters.OptionalString("password");
        var session = CredentialsResponse.ReadSession(request, parameters);
        var guestToken = parameters.OptionalString("guest_access_token") is { } token ? AccessToken.Hash(token) : default(ReadOnlyMemory<byte>?);
        if (password is not null)
            PasswordManagement.Check(parameters, password);
        var account = new NewAccount(
            password, IsAdmin: false, IsGuest: false, null, null, parameters.OptionalBool("inhibit_login") == true ? null : session);
        if (parameters.Error is { } error)
            return error;
        if (uia is not null && await uia.Registered() is { } registered && (username is null || IsName(request, username, registered)))
            return CredentialsResponse.From(request, await RepeatAsync(request, registered, account));

        // The name is checked before the user is put through any stage.
        if (username is not null && (await registration.CheckUsername(username, guestToken)).Error is { } taken)
            return taken;
        var (challenge, registrationToken) = await UserInteractive.SubmitAsync(request, body, "register", null, flows, Remembered(parameters));
        if (challenge is { } response)
            return response;
        if (password is null)
            return MatrixError.MissingParam("Missing required key 'password'");
        var outcome = await registration.RegisterUser(new(username, account, registrationToken, guestToken));
        if (outcome.Ok && uia is not null)
            await uia.SetRegistered(outcome.Value.UserId);
        return CredentialsResponse.From(request, outcome);
    }

    // Anybody may start a session: it costs little.
    private static ReadOnlyMemory<byte> Remembered(BodyFields parameters)
    {
        const int MaxBytes = 4096;
        var json = JsonMarshal.GetRawUtf8Value(parameters.Json);
        return json.Length <= MaxBytes ? json.ToArray() : default;
    }

    private static bool IsName(MatrixRequest request, string username, string userId) =>
        UserId.TryCreate(username.ToLowerInvariant(), request.Settings.ServerName, out var user) && user.Value == userId;

    // A client that did not get the answer repeats its request: the account is there, so it is logged in.
    private static async ValueTask<Outcome<Credentials>> RepeatAsync(MatrixRequest request, string userId, NewAccount account) =>
        account.Session is { } session && account.Password is { } password
            ? await request.Grain<IAccountGrain>(userId).LogInWithPassword(password, session)
            : new Credentials(userId, null, null, null, null);

    private static async ValueTask<MatrixResponse> IsAvailableAsync(MatrixRequest request)
    {
        var username = request.RequiredQuery("username");
        if (request.Error is { } error)
            return error;
        var registration = request.Grain<IRegistrationGrain>(IRegistrationGrain.Key);
        if ((await registration.GetFlows()).Error is { } disabled)
            return disabled;
        return MatrixResponse.From(await registration.CheckUsername(username, null), static (writer, _) => writer.WriteBoolean("available"u8, true));
    }
}
