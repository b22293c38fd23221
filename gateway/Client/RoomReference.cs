using System.Collections.Immutable;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Abstractions.RateLimiting;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Client;

/// <summary>A room that a client named by id or by alias, with servers that may be in it.</summary>
internal readonly record struct RoomReference(string RoomId, ImmutableArray<string> Via)
{
    private const int MaxServers = 20;

    /// <summary>Reads the path parameter <c>roomIdOrAlias</c> and the servers of the query: M_INVALID_PARAM, M_NOT_FOUND.</summary>
    public static async ValueTask<Outcome<RoomReference>> ResolveAsync(MatrixRequest request)
    {
        var name = request.Route("roomIdOrAlias");
        var given = request.QueryAll("via").Concat(request.QueryAll("server_name")).Where(static s => ServerName.IsValid(s)).ToList();
        if (request.Error is { } invalid)
            return invalid;
        if (name.StartsWith('!') && OrleansMatrix.Protocol.Identifiers.RoomId.TryParse(name, out _))
            return new RoomReference(name, [.. given.Take(MaxServers)]);
        if (!RoomAlias.TryParse(name, out _))
            return MatrixError.InvalidParam($"'{name}' is neither a room ID nor a room alias");
        Caller.Set(request.Requester.UserId);
        var target = await request.Grain<IRoomAliasGrain>(name).Resolve();
        if (target.Error is { } error)
            return error;
        return new RoomReference(target.Value.RoomId, [.. target.Value.Servers.Concat(given).Distinct(StringComparer.Ordinal).Take(MaxServers)]);
    }
}
