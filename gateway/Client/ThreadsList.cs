using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Reading;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>threads_list.yaml.</summary>
internal static class ThreadsList
{
    private const int MaxLimit = 100;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/_matrix/client/v1/rooms/{roomId}/threads", GetAsync, EndpointOptions.Guest with { Rate = RateClass.General });

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var (include, limit, from) = (request.Query("include"), (int)request.QueryInteger("limit", 20, 1, MaxLimit), request.Query("from"));
        if (include is not (null or "all" or "participated"))
            request.Fail(MatrixError.InvalidParam("'include' must be all or participated"));
        return request.Error is { } error
            ? error : MatrixResponse.From(await request.Grain<IRoomReaderGrain>(roomId).Threads(request.Requester, include, limit, from));
    }
}
