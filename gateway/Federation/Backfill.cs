using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>backfill.yaml: a room's history for servers that lack it.</summary>
internal static class Backfill
{
    private const int MaxBackfill = 100;
    private const int MaxMissing = 20;
    private const int DefaultMissing = 10;
    private const int MaxIds = 50;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet("/_matrix/federation/v1/backfill/{roomId}", GetAsync, EndpointOptions.Server);
        routes.MapMatrixPost("/_matrix/federation/v1/get_missing_events/{roomId}", GetMissingAsync, EndpointOptions.Server);
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var from = request.QueryAll("v");
        request.RequiredQuery("limit");
        var limit = (int)request.QueryInteger("limit", 0, min: 0, max: MaxBackfill);
        if (from.Count is 0 or > MaxIds)
            request.Fail(MatrixError.InvalidParam($"'v' must be given 1 to {MaxIds} times"));
        return request.Error ?? MatrixResponse.From(await request.Grain<IServerReaderGrain>(roomId).Backfill(request.Origin, [.. from], limit));
    }

    private static async ValueTask<MatrixResponse> GetMissingAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var earliest = body.OptionalStrings("earliest_events");
        var latest = body.OptionalStrings("latest_events");
        var limit = body.OptionalInteger("limit") ?? DefaultMissing;
        var minDepth = body.OptionalInteger("min_depth") ?? 0;
        if (body.Error is { } wrong)
            return wrong;
        var query = new MissingEventsQuery([.. earliest ?? []], [.. (latest ?? []).Take(MaxIds)], (int)Math.Clamp(limit, 0, MaxMissing), minDepth);

        // Who names no events asks for none.
        return MatrixResponse.From(await request.Grain<IServerReaderGrain>(roomId).MissingEvents(request.Origin, query));
    }
}
