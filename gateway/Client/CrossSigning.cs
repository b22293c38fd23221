using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Device;

namespace OrleansMatrix.Gateway.Client;

/// <summary>cross_signing.yaml: cross-signing keys and the signatures made with them.</summary>
internal static class CrossSigning
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPost("/_matrix/client/v3/keys/signatures/upload", UploadSignaturesAsync);
    }

    private static async ValueTask<MatrixResponse> UploadSignaturesAsync(MatrixRequest request) =>
        (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error) ? MatrixResponse.From(await Grain(request).UploadSignatures(body)) : error;

    private static IUserKeysGrain Grain(MatrixRequest request) => request.Grain<IUserKeysGrain>(request.Requester.UserId);
}
