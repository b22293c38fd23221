using System.Collections.Immutable;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Client;

/// <summary>room_summary.yaml: what can be told of a room to who is not in it.</summary>
internal static class RoomSummary
{
    private const int MaxVia = 10;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet("/_matrix/client/v1/room_summary/{roomIdOrAlias}", GetAsync, EndpointOptions.Optional.Limited().AskingServers());
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var roomId = request.Route("roomIdOrAlias");
        ImmutableArray<string> via = [.. request.QueryAll("via").Where(static s => ServerName.IsValid(s)).Take(MaxVia)];
        if (request.Error is { } invalid)
            return invalid;
        if (RoomAlias.TryParse(roomId, out _))
        {
            var target = await request.Grain<IRoomAliasGrain>(roomId).Resolve();
            if (target.Error is { } unknown)
                return unknown;
            roomId = target.Value.RoomId;
            via = via.AddRange(target.Value.Servers);
        }
        else if (!RoomId.TryParse(roomId, out _))
        {
            return MatrixError.InvalidParam("'roomIdOrAlias' is neither a room ID nor a room alias");
        }

        return MatrixResponse.From(await request.Grain<IRoomListingGrain>(roomId).Summary(request.OptionalRequester, via));
    }
}
