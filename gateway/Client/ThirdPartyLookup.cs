using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>third_party_lookup.yaml: third-party networks. No application service offers any, so lists are empty and a protocol is not found.</summary>
internal static class ThirdPartyLookup
{
    private const string Prefix = "/_matrix/client/v3/thirdparty/";
    private static readonly byte[] s_none = "[]"u8.ToArray();

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(Prefix + "protocols", static _ => ValueTask.FromResult(MatrixResponse.Empty));
        routes.MapMatrixGet(Prefix + "protocol/{protocol}", NotFoundAsync);
        routes.MapMatrixGet(Prefix + "location/{protocol}", NotFoundAsync);
        routes.MapMatrixGet(Prefix + "user/{protocol}", NotFoundAsync);
        routes.MapMatrixGet(Prefix + "location", static request => NoneAsync(request, "alias"));
        routes.MapMatrixGet(Prefix + "user", static request => NoneAsync(request, "userid"));
    }

    private static ValueTask<MatrixResponse> NotFoundAsync(MatrixRequest request) =>
        ValueTask.FromResult<MatrixResponse>(MatrixError.NotFound("No such protocol"));

    private static ValueTask<MatrixResponse> NoneAsync(MatrixRequest request, string parameter)
    {
        request.RequiredQuery(parameter);
        return ValueTask.FromResult(request.Error is { } error ? error : MatrixResponse.Json(s_none));
    }
}
