using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>C-S API, account/deactivate with <c>erase</c>: what the user sent is only for who was there.</summary>
public sealed class ErasureTests(FederatingServer server) : IClassFixture<FederatingServer>
{
    private const string Secret = "narwhal";

    [Fact]
    public async Task Who_was_there_keeps_seeing_what_an_erased_user_sent_and_who_came_later_gets_it_redacted()
    {
        var (gone, friend, early) = (await server.RegisterAsync("gone"), await server.RegisterAsync("friend"), await server.RegisterAsync("early"));
        var room = await gone.CreateRoomAsync("""{"preset":"public_chat","name":"stays"}""");
        await friend.JoinAsync(room);
        var said = await gone.SendTextAsync(room, Secret);
        await gone.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/send/m.room.message/edit", new JsonObject
        {
            ["msgtype"] = "m.text",
            ["body"] = "* " + Secret,
            ["m.new_content"] = new JsonObject { ["msgtype"] = "m.text", ["body"] = Secret },
            ["m.relates_to"] = new JsonObject { ["rel_type"] = "m.replace", ["event_id"] = said },
        }.ToJsonString());
        (await gone.PutAsync($"v3/profile/{Uri.EscapeDataString(gone.UserId)}/displayname", $$"""{"displayname":"{{Secret}}"}""")).Ok();
        await early.JoinAsync(room);
        Assert.Contains(Secret, await EverythingAsync(early, room, said), StringComparison.Ordinal);

        (await gone.PostAsync("v3/account/deactivate", $$$"""
            {"erase":true,"auth":{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{{gone.UserId}}}"},"password":"{{{TestClient.Password}}}"}}
            """)).Ok();
        var late = await server.RegisterAsync("late");
        await late.JoinAsync(room);

        foreach (var other in new[] { early, late })
            Assert.DoesNotContain(Secret, await EverythingAsync(other, room, said), StringComparison.Ordinal);
        Assert.Contains(Secret, await EverythingAsync(friend, room, said), StringComparison.Ordinal);
        var shown = (await late.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/event/{Uri.EscapeDataString(said)}")).Ok();
        Assert.Empty(shown["content"]!.AsObject());
        Assert.Equal("m.room.message", (string?)shown["type"]);
        Assert.Equal("stays", (string?)(await late.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.name")).Ok()["name"]);

        // It is not only in memory.
        await server.RestartAsync();
        Assert.DoesNotContain(Secret, await EverythingAsync(late, room, said), StringComparison.Ordinal);
        Assert.Contains(Secret, await EverythingAsync(friend, room, said), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_servers_get_what_an_erased_user_sent_redacted()
    {
        await using var peer = await Peer.StartAsync();
        var (gone, friend) = (await server.RegisterAsync("gone"), await server.RegisterAsync("friend"));
        var room = await gone.CreateRoomAsync("""{"preset":"public_chat"}""");
        await friend.JoinAsync(room);
        var there = await peer.JoinAsync(server, room, "zoe");
        var said = await gone.SendTextAsync(room, Secret);
        var kept = await friend.SendTextAsync(room, "kept");
        Assert.Contains(Secret, await ServedAsync(peer, there.Path, said, kept), StringComparison.Ordinal);

        (await gone.PostAsync("v3/account/deactivate", $$$"""
            {"erase":true,"auth":{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{{gone.UserId}}}"},"password":"{{{TestClient.Password}}}"}}
            """)).Ok();

        var served = await ServedAsync(peer, there.Path, said, kept);
        Assert.DoesNotContain(Secret, served, StringComparison.Ordinal);
        Assert.Contains("kept", served, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deactivating_without_erase_hides_nothing()
    {
        var (gone, friend, late) = (await server.RegisterAsync("gone"), await server.RegisterAsync("friend"), await server.RegisterAsync("late"));
        var room = await gone.CreateRoomAsync("""{"preset":"public_chat"}""");
        await friend.JoinAsync(room);
        var said = await gone.SendTextAsync(room, Secret);

        (await gone.PostAsync("v3/account/deactivate", $$$"""
            {"auth":{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{{gone.UserId}}}"},"password":"{{{TestClient.Password}}}"}}
            """)).Ok();

        await late.JoinAsync(room);
        Assert.Contains(Secret, await EverythingAsync(late, room, said), StringComparison.Ordinal);
    }

    /// <summary>All that a user is told of the room, by each way of reading it.</summary>
    private static async Task<string> EverythingAsync(TestClient user, string room, string eventId)
    {
        var path = $"v3/rooms/{Uri.EscapeDataString(room)}";
        var id = Uri.EscapeDataString(eventId);
        var answers = new List<Answer>
        {
            await user.GetAsync($"{path}/messages?dir=b&limit=100"),
            await user.GetAsync($"{path}/messages?dir=f&limit=100"),
            await user.GetAsync($"{path}/context/{id}?limit=20"),
            await user.GetAsync($"{path}/event/{id}"),
            await user.GetAsync($"{path}/state"),
            await user.GetAsync($"{path}/members"),
            await user.GetAsync($"{path}/initialSync?limit=20"),
            await user.GetAsync("""v3/sync?filter={"room":{"timeline":{"limit":50}}}"""),
            await user.GetAsync("""v3/sync?filter={"event_format":"federation","room":{"timeline":{"limit":50}}}"""),
            await user.GetAsync($"v1/rooms/{Uri.EscapeDataString(room)}/relations/{id}"),
            await user.GetAsync($"v1/rooms/{Uri.EscapeDataString(room)}/threads"),
        };
        answers.ForEach(a => a.Ok());
        var found = (await user.PostAsync("v3/search", $$$"""
            {"search_categories":{"room_events":{"search_term":"{{{Secret}}}","include_state":true,"event_context":{"include_profile":true} } } }
            """)).Ok()["search_categories"]!["room_events"]!;
        return string.Concat(answers.Select(a => a.Ok().ToJsonString())) + found["results"]!.ToJsonString();
    }

    private async Task<string> ServedAsync(Peer peer, string path, string eventId, string after)
    {
        var id = Uri.EscapeDataString(eventId);
        var gap = new JsonObject { ["latest_events"] = new JsonArray(after), ["earliest_events"] = new JsonArray(), ["limit"] = 20 };
        var one = (await peer.AskAsync(server, HttpMethod.Get, $"/_matrix/federation/v1/event/{id}")).Ok();
        var back = (await peer.AskAsync(server, HttpMethod.Get, $"/_matrix/federation/v1/backfill/{path}?limit=10&v={Uri.EscapeDataString(after)}")).Ok();
        var missing = (await peer.AskAsync(server, HttpMethod.Post, $"/_matrix/federation/v1/get_missing_events/{path}", gap.ToJsonString())).Ok();
        return one.ToJsonString() + back.ToJsonString() + missing.ToJsonString();
    }
}
