using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Device;

namespace OrleansMatrix.Gateway.Client;

/// <summary>cross_signing.yaml: cross-signing keys and the signatures made with them.</summary>
internal static class CrossSigning
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        // The unstable paths are those of the proposal (MSC1756), which SyTest and older clients still use.
        foreach (var prefix in (ReadOnlySpan<string>)["/_matrix/client/v3", "/_matrix/client/unstable"])
        {
            routes.MapMatrixPost(prefix + "/keys/device_signing/upload", UploadKeysAsync);
            routes.MapMatrixPost(prefix + "/keys/signatures/upload", UploadSignaturesAsync);
        }
    }

    private static async ValueTask<MatrixResponse> UploadKeysAsync(MatrixRequest request)
    {
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var json = new ReadOnlyMemory<byte>(JsonMarshal.GetRawUtf8Value(body.Json).ToArray());

        // Whether a password is needed depends on the keys there are, which only the grain knows for sure: it is asked first, and stores nothing if so.
        var outcome = await Grain(request).UploadCrossSigningKeys(json, authenticated: false);
        if (outcome is { Ok: true, Value: CrossSigningUpload.AuthenticationNeeded })
        {
            if (await UserInteractive.RequirePasswordAsync(request, body) is { } challenge)
                return challenge;
            outcome = await Grain(request).UploadCrossSigningKeys(json, authenticated: true);
        }

        return outcome.Error ?? MatrixResponse.Empty;
    }

    private static async ValueTask<MatrixResponse> UploadSignaturesAsync(MatrixRequest request) =>
        (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error) ? MatrixResponse.From(await Grain(request).UploadSignatures(body)) : error;

    private static IUserKeysGrain Grain(MatrixRequest request) => request.Grain<IUserKeysGrain>(request.Requester.UserId);
}
