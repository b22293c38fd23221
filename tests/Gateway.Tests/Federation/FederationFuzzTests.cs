using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Federation;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Room.Policy;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>A hostile server, whose requests and events are signed as they must be, causes no internal error.</summary>
public sealed class FederationFuzzTests(TwoServers servers) : IClassFixture<TwoServers>
{
    private const int RequestsPerEndpoint = 20;
    private static readonly string[] s_apis = ["/_matrix/federation/", "/_matrix/key/", "/_matrix/policy/"];
    private readonly Random _random = new(20261122);

    [Theory]
    [InlineData("10")]
    [InlineData("12")]
    public async Task No_signed_request_is_answered_with_an_internal_error(string version)
    {
        var anna = await servers.One.RegisterAsync("anna");
        var bert = await servers.Two.RegisterAsync("bert");
        var room = await anna.CreateRoomAsync($$"""{"preset":"public_chat","room_version":"{{version}}"}""");
        (await bert.PostAsync($"v3/join/{Uri.EscapeDataString(room)}?server_name={servers.One.FederationName}")).Ok();
        var policyKey = servers.One.Services.GetRequiredService<LocalPolicyServer>().VerifyKey.ToBase64();
        (await anna.PutAsync(
            $"v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.policy",
            $$"""{"via":"{{servers.One.FederationName}}","public_keys":{"ed25519":"{{policyKey}}"} }""")).Ok();
        var message = await anna.SendTextAsync(room, "good");
        var events = await ReadEventsAsync(room, message);
        Assert.True(RoomVersion.TryGet(version, out var rules));
        List<string> faults = [];

        foreach (var endpoint in servers.One.Services.GetRequiredService<RouteTable>().Endpoints)
        {
            if (!s_apis.Any(api => endpoint.Path.StartsWith(api, StringComparison.Ordinal)))
                continue;
            for (var i = 0; i < RequestsPerEndpoint; i++)
            {
                var target = Target(endpoint, room, anna.UserId, message);
                var body = endpoint.Method == "GET" ? "" : Body(endpoint, events, rules);
                var answer = await servers.Two.AskAsync(servers.One, new HttpMethod(endpoint.Method), target, body);
                if (answer.Status >= 500 && answer.Status is not (502 or 504))
                    faults.Add($"{answer.Status} {answer.Text} to {endpoint.Method} {target} {body}");
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults.Take(20)));
        Assert.Equal("", servers.One.Faults);
        await anna.SendTextAsync(room, "still there");
    }

    private async Task<List<JsonObject>> ReadEventsAsync(string room, string message)
    {
        var path = $"/_matrix/federation/v1/state/{Uri.EscapeDataString(room)}?event_id={Uri.EscapeDataString(message)}";
        var state = (await servers.Two.AskAsync(servers.One, HttpMethod.Get, path)).Ok();
        return [.. state["pdus"]!.AsArray().Select(pdu => pdu!.AsObject())];
    }

    private string Target(MatrixEndpoint endpoint, string room, string user, string message)
    {
        var path = string.Join(
            '/', endpoint.Path.Split('/').Select(segment => !segment.StartsWith('{') ? segment : Uri.EscapeDataString(segment.Trim('{', '}') switch
            {
                _ when _random.Next(5) == 0 => Pick("x", "!", "@a", "$", "\ud83d\ude00", "..", new string('y', 300), "0"),
                "roomId" => room,
                "userId" => user,
                "eventId" => message,
                "txnId" => $"{_random.Next()}",
                "serverName" => servers.One.FederationName.Value,
                _ => "x",
            })));
        string[] query =
        [
            $"event_id={Uri.EscapeDataString(Pick(message, "$x", ""))}", $"v={Uri.EscapeDataString(Pick(message, "$x", ""))}", $"limit={Pick("1", "-1", "99999999999999", "x")}", $"ver={Pick("1", "10", "12", "\"")}",
            $"ts={Pick("0", "-1", "99999999999999999999")}", $"dir={Pick("f", "b", "x")}", $"user_id={Uri.EscapeDataString(Pick(user, "x"))}",
            $"field={Pick("displayname", "x")}", "room_alias=%23x",
            $"minimum_valid_until_ts={Pick("0", "9223372036854775807", "x")}", "since=%00", "suggested_only=maybe", "omit_members=true", "access_token=x",
        ];
        return $"{path}?{string.Join('&', query.Where(_ => _random.Next(3) > 0))}";
    }

    private string Body(MatrixEndpoint endpoint, List<JsonObject> events, RoomVersion version)
    {
        JsonNode body = Event(events, version);
        if (endpoint.Path.Contains("/send/", StringComparison.Ordinal))
        {
            body = new JsonObject
            {
                ["origin"] = servers.Two.FederationName.Value,
                ["origin_server_ts"] = 1,
                ["pdus"] = new JsonArray([.. Enumerable.Range(0, _random.Next(4)).Select(_ => (JsonNode)Event(events, version))]),
                ["edus"] = new JsonArray([.. Enumerable.Range(0, _random.Next(3)).Select(_ => Edu())]),
            };
        }
        else if (endpoint.Path.Contains("/invite/", StringComparison.Ordinal) && _random.Next(5) > 0)
        {
            body = new JsonObject { ["room_version"] = version.Id, ["event"] = body, ["invite_room_state"] = new JsonArray(Event(events, version)) };
        }
        else if (_random.Next(3) == 0)
        {
            body = JsonNode.Parse(Pick(
                """{"one_time_keys":{"@a:b":{"D":"signed_curve25519"}},"device_keys":{"@a:b":["D"]}}""",
                """{"server_keys":{"x":{"ed25519:1":{"minimum_valid_until_ts":-1}}}}""",
                """{"earliest_events":["$x"],"latest_events":["$x"],"limit":-1,"min_depth":99999}""", """{"limit":-5,"filter":{"generic_search_term":1}}""",
                "{}"))!;
        }

        if (_random.Next(3) == 0)
            Spoil(body);
        return body.ToJsonString();
    }

    private JsonNode Edu()
    {
        var edu = JsonNode.Parse(Pick(
            """{"edu_type":"m.typing","content":{"room_id":"!x","user_id":"@a:b","typing":true}}""",
            """{"edu_type":"m.receipt","content":{"!x":{"m.read":{"@a:b":{"event_ids":["$x"],"data":{"ts":1}}}}}}""",
            """{"edu_type":"m.presence","content":{"push":[{"user_id":"@a:b","presence":"online","last_active_ago":1}]}}""",
            """{"edu_type":"m.device_list_update","content":{"user_id":"@a:b","device_id":"D","stream_id":1,"prev_id":[0],"keys":{}}}""",
            """{"edu_type":"m.signing_key_update","content":{"user_id":"@a:b","master_key":{}}}""",
            """{"edu_type":"m.direct_to_device","content":{"sender":"@a:b","type":"t","message_id":"1","messages":{"@a:b":{"*":{}}}}}"""))!;
        Spoil(edu);
        return edu;
    }

    /// <summary>An event of the room, spoilt, and then most often hashed and signed by the hostile server.</summary>
    private JsonObject Event(List<JsonObject> events, RoomVersion version)
    {
        var node = events[_random.Next(events.Count)].DeepClone().AsObject();
        if (_random.Next(2) == 0)
            node["sender"] = $"@evil:{servers.Two.FederationName}";
        for (var i = _random.Next(3); i > 0; i--)
            Spoil(node);
        if (_random.Next(4) == 0 || !Pdu.Parse(Encoding.UTF8.GetBytes(node.ToJsonString()), version).TryGet(out var pdu, out _))
            return node;
        node["hashes"] = new JsonObject { ["sha256"] = EventHashes.ComputeContentHash(pdu) };
        if (!Pdu.Parse(Encoding.UTF8.GetBytes(node.ToJsonString()), version).TryGet(out pdu, out _))
            return node;
        var identity = servers.Two.Services.GetRequiredService<LocalServer>();
        return JsonNode.Parse(EventSignatures.Sign(pdu, identity.Name, identity.Key).Json.Span)!.AsObject();
    }

    /// <summary>Puts something strange in place of a value somewhere.</summary>
    private void Spoil(JsonNode node)
    {
        while (true)
        {
            switch (node)
            {
                case JsonObject { Count: > 0 } json:
                    var name = json.ElementAt(_random.Next(json.Count)).Key;
                    if (json[name] is { } member && member is not JsonValue && _random.Next(3) > 0)
                    {
                        node = member;
                        continue;
                    }

                    json[name] = Strange();
                    return;
                case JsonArray { Count: > 0 } list:
                    var at = _random.Next(list.Count);
                    if (list[at] is { } element && element is not JsonValue && _random.Next(3) > 0)
                    {
                        node = element;
                        continue;
                    }

                    list[at] = Strange();
                    return;
                default:
                    return;
            }
        }
    }

    private JsonNode? Strange() => JsonNode.Parse(Pick(
        "null", "true", "-1", "0", "1.5", "9007199254740991", "9007199254740993", "1e300", "\"\"", "\"x\"", "\"@a:b\"", "\"$x\"", "\"!x:y\"", "\"join\"",
        "\"invite\"", "\"\\u0000\"", "[]", "{}", "[[[]]]", "[\"$x\"]",
        "{\"a\":{\"b\":{}}}", $"\"{new string('z', 300)}\""));

    private string Pick(params string[] items) => items[_random.Next(items.Length)];
}
