using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Gateway.Tests.Fuzz;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Fuzz.Tests;

/// <summary>Makes requests of clients: mostly such as real ones send, with hostile values in them, else nonsense.</summary>
/// <param name="room">Where all of them are.</param>
/// <param name="remote">The name of a server that may be asked by way of this one.</param>
internal sealed class ClientRequests(Random random, KnownThings things, Uri server, string room, string remote)
{
    public HttpRequestMessage Next(MatrixEndpoint endpoint, FuzzClient client)
    {
        if (random.Next(4) == 0)
            return new RandomRequest(random, client.User, client.Room).Next(endpoint, server);
        var path = string.Join('/', endpoint.Path.Split('/').Select(segment => segment.StartsWith('{')
            ? Uri.EscapeDataString(Parameter(segment.Trim('{', '}', '?'), client)) : segment));
        var query = $"?timeout=0&timeout_ms=0&via={remote}" + random.Next(6) switch
        {
            0 => $"&server={remote}",
            1 => "&since=" + Uri.EscapeDataString(things.Of("token")),
            2 => "&dir=b&limit=5&from=" + Uri.EscapeDataString(things.Of("token")),
            3 => "&filter=" + Uri.EscapeDataString(things.Fill("""{"event_fields":["content.x"],"room":{"timeline":{"limit":5}},"x":<any>}""")),
            4 => "&ts=0&dir=f&max_depth=2&width=10&height=10&user_id=" + Uri.EscapeDataString(things.Of("userId")),
            _ => "&version=" + Uri.EscapeDataString(things.Of("version")),
        };
        return client.Request(endpoint.Method, path + query, endpoint.Method == "GET" ? null : Body(endpoint, client));
    }

    private string Body(MatrixEndpoint endpoint, FuzzClient client)
    {
        var body = things.Fill(ClientBodies.For(endpoint.Path, random).Replace("<own>", client.User.Id, StringComparison.Ordinal)
            .Replace("<ownDevice>", client.User.DeviceId, StringComparison.Ordinal));
        return random.Next(3) == 0 ? HostileJson.Spoil(body, random) : body;
    }

    private string Parameter(string name, FuzzClient client) => name switch
    {
        "userId" when random.Next(2) == 0 => client.User.Id,
        "deviceId" when random.Next(2) == 0 => client.User.DeviceId,
        "roomId" or "roomIdOrAlias" when random.Next(3) == 0 => client.Room,
        "roomId" or "roomIdOrAlias" when random.Next(2) == 0 => room,
        "eventType" when random.Next(2) == 0 => "m.room.message",
        _ => things.Of(name),
    };
}
