using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Peers.Tests.Answering;

/// <summary>Transactions, and what others ask about users.</summary>
internal sealed class UserAnswers(PeerServer server)
{
    private readonly ConcurrentDictionary<(string Origin, string Id), bool> _taken = new();

    /// <summary>Takes a transaction once.</summary>
    public Answer Transaction(Asked asked)
    {
        var body = asked.Json;
        var results = new JsonObject();
        if (_taken.TryAdd((asked.Origin, asked.Path[0]), true))
        {
            foreach (var pdu in body["pdus"]!.AsArray())
                server.Inbound.Enqueue(asked.Origin, pdu!);
            foreach (var edu in body["edus"]?.AsArray() ?? [])
            {
                lock (server.Gate)
                    server.Users.Take(asked.Origin, edu!["edu_type"]!.GetValue<string>(), edu["content"]!);
            }
        }

        return Answers.Ok(new JsonObject { ["pdus"] = results });
    }

    public Answer Profile(Asked asked)
    {
        lock (server.Gate)
        {
            return server.Users.Names.TryGetValue(asked.Query["user_id"], out var name) ? Answers.Ok(new JsonObject { ["displayname"] = name })
                : PeerServer.Error(404, "M_NOT_FOUND");
        }
    }

    /// <summary><c>user/devices</c>, <c>user/keys/query</c> and <c>user/keys/claim</c>.</summary>
    public Answer Keys(Asked asked)
    {
        lock (server.Gate)
            return asked.Path[0] == "devices" ? Devices(asked.Path[1]) : asked.Path[1] == "query" ? Query(asked.Json) : Claim(asked.Json);
    }

    public Answer OpenId(Asked asked) => asked.Query.TryGetValue("access_token", out var token) && server.Users.Names.ContainsKey(token)
        ? Answers.Ok(new JsonObject { ["sub"] = token }) : PeerServer.Error(401, "M_UNKNOWN_TOKEN");

    private Answer Devices(string user)
    {
        if (!server.Users.Devices.TryGetValue(user, out var list))
            return PeerServer.Error(404, "M_NOT_FOUND");
        var devices = list.Keys.Select(static d => (JsonNode)new JsonObject { ["device_id"] = d.Key, ["keys"] = JsonNode.Parse(d.Value) });
        var answer = new JsonObject { ["user_id"] = user, ["stream_id"] = list.Stream, ["devices"] = new JsonArray([.. devices]) };
        if (list.Master is { } master && server.Character != Character.Old)
            answer["master_key"] = JsonNode.Parse(master);
        return Answers.Ok(answer);
    }

    private Answer Query(JsonNode body)
    {
        var (devices, masters) = (new JsonObject(), new JsonObject());
        foreach (var (user, _) in body["device_keys"]!.AsObject())
        {
            if (!server.Users.Devices.TryGetValue(user, out var list))
                continue;
            devices[user] = new JsonObject(list.Keys.Select(static d => KeyValuePair.Create(d.Key, JsonNode.Parse(d.Value))));
            if (list.Master is { } master && server.Character != Character.Old)
                masters[user] = JsonNode.Parse(master);
        }

        return Answers.Ok(new JsonObject { ["device_keys"] = devices, ["master_keys"] = masters });
    }

    private Answer Claim(JsonNode body)
    {
        var keys = new JsonObject();
        foreach (var (user, devices) in body["one_time_keys"]!.AsObject())
        {
            keys[user] = new JsonObject(devices!.AsObject().Select(d => KeyValuePair.Create(d.Key, (JsonNode?)new JsonObject
            {
                ["signed_curve25519:" + server.Users.Fresh()] = new JsonObject { ["key"] = "AAAA" },
            })));
        }

        return Answers.Ok(new JsonObject { ["one_time_keys"] = keys });
    }
}
