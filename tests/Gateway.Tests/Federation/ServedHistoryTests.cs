using System.Text.Json.Nodes;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>What other servers are given of a room's past.</summary>
public sealed class ServedHistoryTests(FederatingServer server) : IClassFixture<FederatingServer>
{
    [Fact]
    public async Task What_a_servers_users_may_not_see_it_gets_redacted_and_if_denied_by_the_acl_not_at_all()
    {
        await using var peer = await Peer.StartAsync();
        var anna = await server.RegisterAsync("anna");
        var room = await anna.CreateRoomAsync("""
            {"preset":"public_chat","initial_state":[{"type":"m.room.history_visibility","state_key":"","content":{"history_visibility":"joined"}}]}
            """);
        var before = await anna.SendTextAsync(room, "secret");
        var there = await peer.JoinAsync(server, room, "zoe");
        var after = await anna.SendTextAsync(room, "for all");

        var backfilled = await AskAsync(peer, $"backfill/{there.Path}?limit=10&v={Uri.EscapeDataString(after)}");
        Assert.Equal("for all", Body(backfilled["pdus"]!, "for all"));
        Assert.DoesNotContain("secret", backfilled.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains(backfilled["pdus"]!.AsArray(), e => e!["type"]!.GetValue<string>() == "m.room.message" && e["content"]!.AsObject().Count == 0);
        Assert.DoesNotContain("secret", (await AskAsync(peer, $"event/{Uri.EscapeDataString(before)}")).ToJsonString(), StringComparison.Ordinal);
        var gap = new JsonObject { ["latest_events"] = new JsonArray(after), ["earliest_events"] = new JsonArray(), ["limit"] = 20 };
        var missing = (await peer.AskAsync(server, HttpMethod.Post, $"/_matrix/federation/v1/get_missing_events/{there.Path}", gap.ToJsonString())).Ok();
        Assert.DoesNotContain("secret", missing.ToJsonString(), StringComparison.Ordinal);
        Assert.NotEmpty(missing["events"]!.AsArray());

        (await anna.PutAsync($"v3/rooms/{there.Path}/state/m.room.server_acl", """{"allow":["*"],"allow_ip_literals":false}""")).Ok();
        foreach (var target in new[] { $"backfill/{there.Path}?limit=10&v={Uri.EscapeDataString(after)}", $"event/{Uri.EscapeDataString(after)}",
            $"state_ids/{there.Path}?event_id={Uri.EscapeDataString(after)}", $"event_auth/{there.Path}/{Uri.EscapeDataString(after)}",
            $"timestamp_to_event/{there.Path}?ts=1&dir=f" })
            (await peer.AskAsync(server, HttpMethod.Get, "/_matrix/federation/v1/" + target)).Fails(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task The_auth_chain_of_an_event_comes_whole_and_once()
    {
        await using var peer = await Peer.StartAsync();
        var anna = await server.RegisterAsync("anna");
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat","room_version":"11"}""");
        var there = await peer.JoinAsync(server, room, "zoe");
        var sent = await anna.SendTextAsync(room, "x");
        var chain = (await AskAsync(peer, $"event_auth/{there.Path}/{Uri.EscapeDataString(sent)}"))["auth_chain"]!.AsArray();
        Assert.Equal(["m.room.create", "m.room.member", "m.room.power_levels"],
            chain.Select(e => e!["type"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        (await peer.AskAsync(server, HttpMethod.Get, $"/_matrix/federation/v1/event_auth/{there.Path}/{Uri.EscapeDataString("$unknown")}"))
            .Fails(404, "M_NOT_FOUND");
    }

    private async Task<JsonNode> AskAsync(Peer peer, string target) => (await peer.AskAsync(server, HttpMethod.Get, "/_matrix/federation/v1/" + target)).Ok();

    private static string? Body(JsonNode pdus, string body) =>
        pdus.AsArray().Select(e => e!["content"]?["body"]?.GetValue<string>()).FirstOrDefault(b => b == body);
}
