using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Device;

namespace OrleansMatrix.Gateway.Client;

/// <summary>key_backup.yaml: server-side key backups.</summary>
internal static class KeyBackup
{
    private const string Versions = "/_matrix/client/v3/room_keys/version";
    private const string AllKeys = "/_matrix/client/v3/room_keys/keys";
    private const string RoomKeys = AllKeys + "/{roomId}";
    private const string SessionKey = RoomKeys + "/{sessionId}";

    private static readonly EndpointOptions s_read = EndpointOptions.User.Limited();
    private static readonly EndpointOptions s_write = s_read with { MaxBody = 16 * 1024 * 1024 };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPost(Versions, CreateVersionAsync, s_read);
        routes.MapMatrixGet(Versions, static async request => MatrixResponse.From(await Grain(request).GetVersion(null)), s_read);
        routes.MapMatrixGet(Versions + "/{version}", static async request =>
            MatrixResponse.From(await Grain(request).GetVersion(request.Route("version"))), s_read);
        routes.MapMatrixPut(Versions + "/{version}", UpdateVersionAsync, s_read);
        routes.MapMatrixDelete(
            Versions + "/{version}", static async request => MatrixResponse.From(await Grain(request).DeleteVersion(request.Route("version"))), s_read);
        MapKeys(routes, AllKeys, static _ => (null, null));
        MapKeys(routes, RoomKeys, static request => (request.RouteRoomId(), null));
        MapKeys(routes, SessionKey, static request => (request.RouteRoomId(), request.Route("sessionId")));
    }

    private static void MapKeys(IEndpointRouteBuilder routes, string path, Func<MatrixRequest, (string? RoomId, string? SessionId)> scopeOf)
    {
        routes.MapMatrixPut(path, Put, s_write);
        routes.MapMatrixGet(path, Get, s_read);
        routes.MapMatrixDelete(path, Delete, s_read);

        async ValueTask<MatrixResponse> Put(MatrixRequest request)
        {
            var (roomId, sessionId) = scopeOf(request);
            var version = request.RequiredQuery("version");
            if (request.Error is { } invalid)
                return invalid;
            return (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error)
                ? MatrixResponse.From(await Grain(request).PutKeys(version, roomId, sessionId, body))
                : error;
        }

        async ValueTask<MatrixResponse> Get(MatrixRequest request)
        {
            var (roomId, sessionId) = scopeOf(request);
            var version = request.RequiredQuery("version");
            return request.Error ?? MatrixResponse.From(await Grain(request).GetKeys(version, roomId, sessionId));
        }

        async ValueTask<MatrixResponse> Delete(MatrixRequest request)
        {
            var (roomId, sessionId) = scopeOf(request);
            var version = request.RequiredQuery("version");
            return request.Error ?? MatrixResponse.From(await Grain(request).DeleteKeys(version, roomId, sessionId));
        }
    }

    private static async ValueTask<MatrixResponse> CreateVersionAsync(MatrixRequest request) =>
        (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error) ? MatrixResponse.From(await Grain(request).CreateVersion(body)) : error;

    private static async ValueTask<MatrixResponse> UpdateVersionAsync(MatrixRequest request) =>
        (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error)
            ? MatrixResponse.From(await Grain(request).UpdateVersion(request.Route("version"), body))
            : error;

    private static IKeyBackupGrain Grain(MatrixRequest request) => request.Grain<IKeyBackupGrain>(request.Requester.UserId);
}
