using System.Globalization;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>keys.yaml: uploading, querying and claiming end-to-end encryption keys.</summary>
internal static class Keys
{
    private static readonly EndpointOptions s_large = EndpointOptions.Guest with { MaxBody = 4 * 1024 * 1024 };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPost("/_matrix/client/v3/keys/upload", UploadAsync, s_large);
        routes.MapMatrixPost("/_matrix/client/v3/keys/query", QueryAsync, s_large.AskingServers());
        routes.MapMatrixPost("/_matrix/client/v3/keys/claim", ClaimAsync, s_large.AskingServers());
        routes.MapMatrixGet("/_matrix/client/v3/keys/changes", ChangesAsync, EndpointOptions.Guest);
    }

    private static async ValueTask<MatrixResponse> UploadAsync(MatrixRequest request)
    {
        if (!(await request.ReadObjectBytesAsync()).TryGet(out var body, out var error))
            return error;
        if (request.Requester.DeviceId.Length == 0)
            return MatrixError.InvalidParam("Keys belong to a device, and the access token has none");
        return MatrixResponse.From(await Grain(request).Upload(request.Requester.DeviceId, body));
    }

    private static async ValueTask<MatrixResponse> QueryAsync(MatrixRequest request) =>
        (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error) ? MatrixResponse.From(await Grain(request).Query(body)) : error;

    private static async ValueTask<MatrixResponse> ClaimAsync(MatrixRequest request) =>
        (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error) ? MatrixResponse.From(await Grain(request).Claim(body)) : error;

    private static async ValueTask<MatrixResponse> ChangesAsync(MatrixRequest request)
    {
        var from = request.RequiredQuery("from");
        var to = request.RequiredQuery("to");
        if (request.Error is { } error)
            return error;
        if (!TryReadPosition(from, out var after) || !TryReadPosition(to, out _))
            return MatrixError.InvalidParam("from and to must be sync tokens");
        return MatrixResponse.From(await Grain(request).Changes(after));
    }

    /// <summary>Reads a sync token, <c>s123</c>.</summary>
    private static bool TryReadPosition(string token, out long position)
    {
        position = 0;
        return token.StartsWith('s') && long.TryParse(token.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out position);
    }

    private static IUserKeysGrain Grain(MatrixRequest request) => request.Grain<IUserKeysGrain>(request.Requester.UserId);
}
