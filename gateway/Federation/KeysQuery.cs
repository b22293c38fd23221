using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>keys_query.yaml: other servers' keys, vouched for by this one (S-S API, Querying Keys Through Another Server).</summary>
internal static class KeysQuery
{
    private const int MaxServers = 100;
    private static readonly EndpointOptions s_options = EndpointOptions.Anonymous.Limited(RateClass.General);

    public static void Map(IEndpointRouteBuilder routes)
    {
        var key = routes.ServiceProvider.GetRequiredService<SigningKey>();
        routes.MapMatrixGet("/_matrix/key/v2/query/{serverName}", request => GetAsync(request, key), s_options);
        routes.MapMatrixPost("/_matrix/key/v2/query", request => PostAsync(request, key), s_options);
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request, SigningKey key)
    {
        var server = request.Route("serverName");
        var until = request.QueryInteger("minimum_valid_until_ts", 0);
        if (!ServerName.IsValid(server))
            request.Fail(MatrixError.InvalidParam("'serverName' is not a server name"));
        return request.Error ?? await AnswerAsync(request, key, new Dictionary<string, long> { [server] = until });
    }

    private static async ValueTask<MatrixResponse> PostAsync(MatrixRequest request, SigningKey key)
    {
        if (!(await request.ReadObjectAsync()).TryGet(out var body, out var error))
            return error;
        if (!body.TryGetProperty("server_keys"u8, out var servers) || servers.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("server_keys is not an object");
        var wanted = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var server in servers.EnumerateObject())
        {
            if (!ServerName.IsValid(server.Name) || server.Value.ValueKind != JsonValueKind.Object)
                return MatrixError.InvalidParam("server_keys has a key that is not a server name, or a value that is not an object");
            wanted[server.Name] = UntilOf(server.Value);
            if (wanted.Count > MaxServers)
                return MatrixError.TooLarge("Too many servers");
        }

        return await AnswerAsync(request, key, wanted);
    }

    private static long UntilOf(JsonElement keys)
    {
        long until = 0;
        foreach (var criteria in keys.EnumerateObject())
        {
            if (criteria.Value.ValueKind == JsonValueKind.Object && criteria.Value.TryGetProperty("minimum_valid_until_ts"u8, out var ts) &&
                ts.ValueKind == JsonValueKind.Number && ts.TryGetInt64(out var value))
                until = Math.Max(until, value);
        }

        return until;
    }

    // Servers that cannot be reached are left out.
    private static async ValueTask<MatrixResponse> AnswerAsync(MatrixRequest request, SigningKey key, Dictionary<string, long> wanted)
    {
        var self = request.Settings.ServerName;
        var found = await Task.WhenAll(wanted.Select(async server => server.Key == self.Value
            ? KeysServer.Build(request, key)
            : await request.Grain<IServerKeysGrain>(server.Key).Published(server.Value)));
        return MatrixResponse.Json(ServerKeys.BuildNotaryResponse(found.Where(static keys => !keys.IsEmpty), self, key));
    }
}
