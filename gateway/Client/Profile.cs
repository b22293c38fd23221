using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Client;

/// <summary>profile.yaml: profiles of users.</summary>
internal static class Profile
{
    private const string DisplayName = "displayname";
    private static readonly EndpointOptions s_change = EndpointOptions.Guest.Limited() with { RefuseSuspended = true };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet("/_matrix/client/v3/profile/{userId}", GetProfileAsync, EndpointOptions.Anonymous.Limited().AskingServers());
        routes.MapMatrixGet("/_matrix/client/v3/profile/{userId}/{keyName}", GetFieldAsync, EndpointOptions.Anonymous.Limited().AskingServers());
        routes.MapMatrixPut("/_matrix/client/v3/profile/{userId}/{keyName}", SetFieldAsync, s_change);
        routes.MapMatrixDelete("/_matrix/client/v3/profile/{userId}/{keyName}", DeleteFieldAsync, s_change);
    }

    private static ValueTask<MatrixResponse> GetProfileAsync(MatrixRequest request) => GetAsync(request, null);

    private static ValueTask<MatrixResponse> GetFieldAsync(MatrixRequest request) => GetAsync(request, request.Route("keyName"));

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request, string? key)
    {
        var userId = request.RouteUserId();
        if (request.Error is { } invalid)
            return invalid;
        if (!UserId.Parse(userId).Domain.SequenceEqual(request.Settings.ServerName.Value))
            return MatrixResponse.From(await request.Grain<IRemoteProfileGrain>(userId).Get(key));
        var account = request.Grain<IAccountGrain>(userId);
        return MatrixResponse.From(key is null ? await account.GetProfile() : await account.GetProfileField(key));
    }

    private static async ValueTask<MatrixResponse> SetFieldAsync(MatrixRequest request)
    {
        var (userId, key) = OwnField(request);
        if (request.Error is { } parameterError)
            return parameterError;
        if (!(await request.ReadObjectAsync()).TryGet(out var body, out var error))
            return error;
        if (!body.TryGetProperty(key, out var value))
            return MatrixError.MissingParam($"Missing required key '{key}'");

        // Older clients clear their name with null; it and the avatar are strings, so this cannot be meant as a value.
        var json = value.ValueKind == JsonValueKind.Null && key is DisplayName or "avatar_url" ? (ReadOnlyMemory<byte>?)null : Compact(value);
        return MatrixResponse.From(await request.Grain<IAccountGrain>(userId).SetProfileField(key, json));
    }

    private static async ValueTask<MatrixResponse> DeleteFieldAsync(MatrixRequest request)
    {
        var (userId, key) = OwnField(request);
        return request.Error ?? MatrixResponse.From(await request.Grain<IAccountGrain>(userId).SetProfileField(key, null));
    }

    private static (string UserId, string Key) OwnField(MatrixRequest request)
    {
        var userId = request.RouteUserId();
        var key = request.Route("keyName");
        if (userId != request.Requester.UserId)
            request.Fail(MatrixError.Forbidden("You can only change your own profile"));
        else if (request.Requester.IsGuest && key != DisplayName)
            request.Fail(MatrixError.GuestAccessForbidden("Guests can only change their display name"));
        return (userId, key);
    }

    // As sent, less the whitespace between tokens.
    private static ReadOnlyMemory<byte> Compact(JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        if (value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
            return raw.ToArray();
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(raw.Length);
        using (var writer = new Utf8JsonWriter(buffer))
            value.WriteTo(writer);
        return buffer.WrittenMemory;
    }
}
