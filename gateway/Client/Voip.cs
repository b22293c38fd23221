using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Client;

/// <summary>voip.yaml: credentials for the TURN server (settings <c>Matrix:Turn</c>); an empty object if there is none.</summary>
internal static class Voip
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/_matrix/client/v3/voip/turnServer", static request => ValueTask.FromResult(Get(request)), EndpointOptions.User.Limited());

    private static MatrixResponse Get(MatrixRequest request)
    {
        var turn = request.Settings.Turn;
        if (turn.Uris.Count == 0 || turn.SharedSecret is not { } secret)
            return MatrixResponse.Empty;

        // The form that coturn's use-auth-secret checks: expiry and user, and their HMAC-SHA1.
        var expiry = request.Time.GetUtcNow().ToUnixTimeSeconds() + turn.TtlSeconds;
        var username = string.Create(CultureInfo.InvariantCulture, $"{expiry}:{request.Requester.UserId}");
        var password = Convert.ToBase64String(Mac(secret, username));
        return MatrixResponse.Object(w =>
        {
            w.WriteString("password"u8, password);
            w.WriteNumber("ttl"u8, turn.TtlSeconds);
            w.WriteStartArray("uris"u8);
            foreach (var uri in turn.Uris)
                w.WriteStringValue(uri);
            w.WriteEndArray();
            w.WriteString("username"u8, username);
        });
    }

    private static byte[] Mac(string secret, string username)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA1, Encoding.UTF8.GetBytes(secret));
        mac.AppendData(Encoding.UTF8.GetBytes(username));
        return mac.GetHashAndReset();
    }
}
