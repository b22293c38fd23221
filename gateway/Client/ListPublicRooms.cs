using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Client;

/// <summary>list_public_rooms.yaml: the public room list and a room's place in it.</summary>
internal static class ListPublicRooms
{
    private const string RoomPath = "/_matrix/client/v3/directory/list/room/{roomId}";
    private const string ListPath = "/_matrix/client/v3/publicRooms";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(RoomPath, GetVisibilityAsync, EndpointOptions.Optional);
        routes.MapMatrixPut(RoomPath, SetVisibilityAsync, EndpointOptions.User with { RefuseSuspended = true });
        routes.MapMatrixGet(ListPath, ListAsync, EndpointOptions.Optional.AskingServers());
        routes.MapMatrixPost(ListPath, QueryAsync, EndpointOptions.Guest.AskingServers());
    }

    private static async ValueTask<MatrixResponse> GetVisibilityAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        if (request.Error is { } invalid)
            return invalid;
        return MatrixResponse.From(
            await request.Grain<IRoomListingGrain>(roomId).IsPublic(), static (w, isPublic) =>
            w.WriteString("visibility"u8, isPublic ? "public"u8 : "private"u8));
    }

    private static async ValueTask<MatrixResponse> SetVisibilityAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync(emptyAllowed: true)).TryGet(out var body, out var error))
            return error;
        var visibility = body.OptionalString("visibility") ?? "public";
        if (body.Error is { } wrong)
            return wrong;
        if (visibility is not ("public" or "private"))
            return MatrixError.InvalidParam("visibility must be public or private");
        return MatrixResponse.From(await request.Grain<IRoomListingGrain>(roomId).SetPublic(request.Requester, visibility == "public"));
    }

    private static async ValueTask<MatrixResponse> ListAsync(MatrixRequest request)
    {
        var limit = request.QueryInteger("limit", 0, max: int.MaxValue);
        var query = new PublicRoomsQuery(limit > 0 ? (int)limit : null, request.Query("since"), null, null, false, null);
        return await RunAsync(request, query);
    }

    private static async ValueTask<MatrixResponse> QueryAsync(MatrixRequest request) =>
        (await ReadQueryAsync(request)).TryGet(out var query, out var error) ? await RunAsync(request, query) : error;

    /// <summary>The query in the request's body, which clients and servers write alike.</summary>
    internal static async ValueTask<Outcome<PublicRoomsQuery>> ReadQueryAsync(MatrixRequest request)
    {
        if (!(await request.ReadFieldsAsync(emptyAllowed: true)).TryGet(out var body, out var error))
            return error;
        var limit = body.OptionalInteger("limit") ?? 0;
        var filter = body.OptionalObject("filter");
        var query = new PublicRoomsQuery(
            limit > 0 ? (int)Math.Min(limit, int.MaxValue) : null, body.OptionalString("since"), filter?.OptionalString("generic_search_term", maxBytes: 1024),
            filter is null ? null : RoomTypes(filter), body.OptionalBool("include_all_networks") ?? false, body.OptionalString("third_party_instance_id"));
        if ((body.Error ?? filter?.Error) is { } invalid)
            return invalid;
        if (query is { AllNetworks: true, Network: not null })
            return MatrixError.InvalidParam("third_party_instance_id and include_all_networks exclude each other");
        return query;
    }

    private static async ValueTask<MatrixResponse> RunAsync(MatrixRequest request, PublicRoomsQuery query)
    {
        var server = request.Query("server") ?? request.Settings.ServerName.Value;
        if (!ServerName.IsValid(server))
            request.Fail(MatrixError.InvalidParam("server is not a server name"));
        return request.Error is { } error ? error : MatrixResponse.From(await request.Grain<IPublicRoomsGrain>(server).List(query));
    }

    private static ImmutableArray<string?>? RoomTypes(BodyFields filter)
    {
        if (!filter.Json.TryGetProperty("room_types"u8, out var types) || types.ValueKind == JsonValueKind.Null)
            return null;
        if (types.ValueKind != JsonValueKind.Array || types.GetArrayLength() > 100
            || types.EnumerateArray().Any(t => t.ValueKind is not (JsonValueKind.String or JsonValueKind.Null)))
        {
            filter.Fail(MatrixError.BadJson("'filter.room_types' must be a list of at most 100 strings or nulls"));
            return null;
        }

        return [.. types.EnumerateArray().Select(t => t.GetString())];
    }
}
