using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Device;

namespace OrleansMatrix.Gateway.Client;

/// <summary>to_device.yaml: sending events to devices.</summary>
internal static class ToDevice
{
    private static readonly EndpointOptions s_options = EndpointOptions.Guest with { MaxBody = 8 * 1024 * 1024 };

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPut("/_matrix/client/v3/sendToDevice/{eventType}/{txnId}", SendAsync, s_options);

    private static async ValueTask<MatrixResponse> SendAsync(MatrixRequest request)
    {
        var eventType = request.Route("eventType");
        var transactionId = request.Route("txnId");
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadObjectBytesAsync()).TryGet(out var body, out var error))
            return error;
        var requester = request.Requester;
        return MatrixResponse.From(await request.Grain<IToDeviceGrain>(requester.UserId).Send(requester.DeviceId, eventType, transactionId, body));
    }
}
