using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>keys_query.yaml: other servers' keys, vouched for by this one (S-S API, Querying Keys Through Another Server).</summary>
internal static class KeysQuery
{
    private const int MaxKeys = 100;
    private static readonly EndpointOptions s_options = EndpointOptions.Anonymous.Limited(RateClass.General);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet("/_matrix/key/v2/query/{serverName}", request => GetAsync(request, null), s_options);

        // The form of before v1.6, which some still use.
        routes.MapMatrixGet("/_matrix/key/v2/query/{serverName}/{keyId}", request => GetAsync(request, request.Route("keyId")), s_options);
        routes.MapMatrixPost("/_matrix/key/v2/query", PostAsync, s_options);
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request, string? keyId)
    {
        var server = request.Route("serverName");
        var until = request.QueryInteger("minimum_valid_until_ts", Now(request));
        if (!ServerName.IsValid(server))
            request.Fail(MatrixError.InvalidParam("'serverName' is not a server name"));
        return request.Error ?? await AnswerAsync(request, [new KeysWanted(server, keyId, until)]);
    }

    private static async ValueTask<MatrixResponse> PostAsync(MatrixRequest request)
    {
        if (!(await request.ReadObjectAsync()).TryGet(out var body, out var error))
            return error;
        if (!body.TryGetProperty("server_keys"u8, out var servers) || servers.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("server_keys is not an object");
        var wanted = new List<KeysWanted>();
        foreach (var server in servers.EnumerateObject())
        {
            if (!ServerName.IsValid(server.Name) || server.Value.ValueKind != JsonValueKind.Object)
                return MatrixError.InvalidParam("server_keys has a key that is not a server name, or a value that is not an object");
            AddWanted(request, wanted, server.Name, server.Value);
            if (wanted.Count > MaxKeys)
                return MatrixError.TooLarge("Too many keys");
        }

        return await AnswerAsync(request, [.. wanted]);
    }

    // "If no key IDs are given to be queried, the notary server should query for all keys."
    private static void AddWanted(MatrixRequest request, List<KeysWanted> wanted, string server, JsonElement keys)
    {
        var before = wanted.Count;
        foreach (var criteria in keys.EnumerateObject().Take(MaxKeys + 1))
        {
            var until = criteria.Value.ValueKind == JsonValueKind.Object && criteria.Value.TryGetProperty("minimum_valid_until_ts"u8, out var ts) &&
                ts.ValueKind == JsonValueKind.Number && ts.TryGetInt64(out var value) ? value : Now(request);
            wanted.Add(new KeysWanted(server, criteria.Name, until));
        }

        if (wanted.Count == before)
            wanted.Add(new KeysWanted(server, null, Now(request)));
    }

    // "If not supplied, the notary server MUST use the current time."
    private static long Now(MatrixRequest request) => request.Time.GetUtcNow().ToUnixTimeMilliseconds();

    private static async ValueTask<MatrixResponse> AnswerAsync(MatrixRequest request, ImmutableArray<KeysWanted> wanted) =>
        MatrixResponse.Json(await request.Grain<IOwnKeysGrain>(IOwnKeysGrain.Key).Vouch(wanted));
}
