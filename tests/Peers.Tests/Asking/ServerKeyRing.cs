using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Federation.Signing;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Peers.Tests.Asking;

/// <summary>The keys of other servers, from themselves or from the server under test as a notary.</summary>
internal sealed class ServerKeyRing(PeerServer server)
{
    private readonly ConcurrentDictionary<string, ServerKeys> _keys = new(StringComparer.Ordinal);

    /// <summary>Whether the origin that a request names has signed it.</summary>
    public async Task<bool> IsSignedAsync(XMatrixHeader header, PeerRequest request) =>
        await OfAsync(header.Origin) is { } keys && keys.Keys.TryGetValue(header.KeyId, out var key) &&
        RequestSigning.IsSigned(
            header, request.Line.Split(' ')[0], request.Target, server.ServerName, Encoding.UTF8.GetBytes(request.Body), key.Key);

    /// <summary>Checks hash and signatures; null if the event cannot be used.</summary>
    public async Task<Pdu?> VerifiedAsync(Pdu pdu)
    {
        var keys = new Dictionary<string, ServerKeys>(StringComparer.Ordinal);
        foreach (var name in EventSignatures.GetRequiredServers(pdu))
        {
            if (name == server.Name)
                continue;
            if (await OfAsync(name) is not { } found)
                return null;
            keys[name] = found;
        }

        var check = EventSignatures.Verify(pdu, (name, id) => name == server.Name ? new ServerVerifyKey(server.Key.VerifyKey, long.MaxValue, false)
            : keys[name].Keys.GetValueOrDefault(id));
        return check.IsAcceptable ? check.Pdu : null;
    }

    private async Task<ServerKeys?> OfAsync(string name)
    {
        if (_keys.TryGetValue(name, out var known))
            return known;
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var found = name != server.UnderTest && server.Draw(3) == 0 ? await FromNotaryAsync(name, now) : null;
        if (found is null)
        {
            try
            {
                var answer = await server.AskAsync(name, "GET", "/_matrix/key/v2/server");
                ServerKeys.Parse(Encoding.UTF8.GetBytes(answer.Text), now).TryGet(out found, out _);
            }
            catch (CutException)
            {
                found = await FromNotaryAsync(name, now);
            }
        }

        return found is null ? null : _keys[name] = found;
    }

    private async Task<ServerKeys?> FromNotaryAsync(string name, long now)
    {
        try
        {
            var answer = server.Draw(2) == 0
                ? await server.AskAsync(server.UnderTest, "GET", "/_matrix/key/v2/query/" + Uri.EscapeDataString(name))
                : await server.AskAsync(server.UnderTest, "POST", "/_matrix/key/v2/query", $$$"""{"server_keys":{"{{{name}}}":{} } }""");
            return answer.Status == 200 && answer.Json["server_keys"] is JsonArray { Count: > 0 } list &&
                ServerKeys.Parse(Encoding.UTF8.GetBytes(list[0]!.ToJsonString()), now).TryGet(out var keys, out _) ? keys : null;
        }
        catch (CutException)
        {
            return null;
        }
    }
}
