using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>user_devices.yaml: all devices of a local user with their keys (S-S API, Device Management).</summary>
internal static class UserDevices
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/_matrix/federation/v1/user/devices/{userId}", GetAsync, EndpointOptions.Server);

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var userId = request.RouteUserId();
        if (request.Error is { } invalid)
            return invalid;
        if (!UserId.Parse(userId).Domain.SequenceEqual(request.Settings.ServerName.Value))
            return MatrixError.NotFound("The user is not of this server");

        var keys = await request.Grain<IUserKeysGrain>(userId).Published(null);
        return MatrixResponse.Object(writer => Write(writer, userId, keys));
    }

    private static void Write(Utf8JsonWriter writer, string userId, PublishedKeys keys)
    {
        writer.WriteStartArray("devices"u8);
        foreach (var device in keys.Devices)
        {
            writer.WriteStartObject();
            if (device.DisplayName is { } name)
                writer.WriteString("device_display_name"u8, name);
            writer.WriteString("device_id"u8, device.DeviceId);
            UserKeys.WriteRaw(writer, "keys", device.Json);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (keys.Master is { } master)
            UserKeys.WriteRaw(writer, "master_key", master);
        if (keys.SelfSigning is { } selfSigning)
            UserKeys.WriteRaw(writer, "self_signing_key", selfSigning);
        writer.WriteNumber("stream_id"u8, keys.StreamId);
        writer.WriteString("user_id"u8, userId);
    }
}
