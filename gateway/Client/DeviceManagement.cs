using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;

namespace OrleansMatrix.Gateway.Client;

/// <summary>device_management.yaml: a user's own devices.</summary>
internal static class DeviceManagement
{
    /// <summary>Longest name of a device, in bytes.</summary>
    public const int MaxDisplayNameBytes = 512;

    private const int MaxDevicesAtOnce = 1000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(
            "/_matrix/client/v3/devices",
            static async request => MatrixResponse.From(await AccountOf(request).GetDevices()),
            EndpointOptions.Guest);
        routes.MapMatrixGet("/_matrix/client/v3/devices/{deviceId}", GetDeviceAsync, EndpointOptions.Guest);
        routes.MapMatrixPut("/_matrix/client/v3/devices/{deviceId}", UpdateDeviceAsync, EndpointOptions.Guest);
        routes.MapMatrixDelete("/_matrix/client/v3/devices/{deviceId}", DeleteDeviceAsync);
        routes.MapMatrixPost("/_matrix/client/v3/delete_devices", DeleteDevicesAsync);
    }

    private static IAccountGrain AccountOf(MatrixRequest request) => request.Grain<IAccountGrain>(request.Requester.UserId);

    private static async ValueTask<MatrixResponse> GetDeviceAsync(MatrixRequest request)
    {
        var deviceId = request.Route("deviceId");
        return request.Error ?? MatrixResponse.From(await AccountOf(request).GetDevice(deviceId));
    }

    private static async ValueTask<MatrixResponse> UpdateDeviceAsync(MatrixRequest request)
    {
        var deviceId = request.Route("deviceId");
        if (request.Error is { } parameterError)
            return parameterError;
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var name = body.OptionalString("display_name", MaxDisplayNameBytes);
        return body.Error ?? MatrixResponse.From(await AccountOf(request).UpdateDevice(deviceId, name));
    }

    private static async ValueTask<MatrixResponse> DeleteDeviceAsync(MatrixRequest request)
    {
        var deviceId = request.Route("deviceId");
        if (request.Error is { } parameterError)
            return parameterError;
        if (!(await request.ReadFieldsAsync(emptyAllowed: true)).TryGet(out var body, out var error))
            return error;
        if (await UserInteractive.RequirePasswordAsync(request, body) is { } challenge)
            return challenge;
        return MatrixResponse.From(await AccountOf(request).DeleteDevices([deviceId]));
    }

    private static async ValueTask<MatrixResponse> DeleteDevicesAsync(MatrixRequest request)
    {
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var devices = body.OptionalStrings("devices", MaxDevicesAtOnce);
        if (devices is null)
            body.Fail(Protocol.Errors.MatrixError.MissingParam("Missing required key 'devices'"));
        if (body.Error is { } wrong)
            return wrong;
        if (await UserInteractive.RequirePasswordAsync(request, body) is { } challenge)
            return challenge;
        return MatrixResponse.From(await AccountOf(request).DeleteDevices([.. devices!]));
    }
}
