using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Gateway.Client;

/// <summary>redaction.yaml.</summary>
internal static class Redaction
{
    private static readonly EndpointOptions s_options = EndpointOptions.Guest.Limited() with { ShowsActivity = true };

    public static void Map(IEndpointRouteBuilder routes)
    {
        const string Path = "/_matrix/client/v3/rooms/{roomId}/redact/{eventId}";
        routes.MapMatrixPut(Path + "/{txnId}", static request => RedactAsync(request, request.Route("txnId")), s_options);

        // From before r0.1 of the specification, and still in use: without a transaction.
        routes.MapMatrixPost(Path, static request => RedactAsync(request, null), s_options);
    }

    private static async ValueTask<MatrixResponse> RedactAsync(MatrixRequest request, string? transactionId)
    {
        var roomId = request.RouteRoomId();
        var eventId = request.RouteEventId();
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync(emptyAllowed: true)).TryGet(out var body, out var error))
            return error;
        body.OptionalString("reason");
        if (body.Error is { } wrong)
            return wrong;
        ReadOnlyMemory<byte> content = JsonMarshal.GetRawUtf8Value(body.Json).ToArray();
        var redaction = new EventToRedact(request.Requester, eventId, content, transactionId);
        return MatrixResponse.From(await request.Grain<IRoomGrain>(roomId).Redact(redaction), static (w, id) => w.WriteString("event_id"u8, id));
    }
}
