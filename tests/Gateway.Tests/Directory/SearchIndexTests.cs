using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Directory;

/// <summary>What the index finds, and what it keeps to itself.</summary>
public sealed class SearchIndexTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    [Theory]
    [InlineData("Das Straßenfest in KÖLN", "strassenfest koln")]
    [InlineData("今日は東京に行きます", "東京")]
    [InlineData("今日は東京に行きます", "京")]
    [InlineData("สวัสดีครับ", "ดีครับ")]
    [InlineData("done 🎉🎂", "🎂")]
    [InlineData("Привет, мир", "ПРИВЕ мир")]
    [InlineData("see https://example.org/a_b?c=d#e", "example org b")]
    public async Task A_text_is_found_by_its_words_in_any_script(string text, string term)
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync();
        var sent = await alice.SendTextAsync(room, text);
        await alice.SendTextAsync(room, "nothing of it");

        Assert.Equal([sent], Ids(await SearchAsync(alice, term)));
    }

    [Fact]
    public async Task What_is_not_shown_is_not_counted_either()
    {
        var (alice, bob, gone) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"), await server.RegisterAsync("gone"));
        var room = await alice.CreateRoomAsync(
            """{"preset":"public_chat","initial_state":[{"type":"m.room.history_visibility","state_key":"","content":{"history_visibility":"joined"}}]}""");
        await gone.JoinAsync(room);
        await alice.SendTextAsync(room, "walrus before");
        await bob.JoinAsync(room);
        var seen = await alice.SendTextAsync(room, "walrus seen");
        var redacted = await alice.SendTextAsync(room, "walrus regretted");
        Assert.Equal(2, (int)(await SearchAsync(bob, "walrus"))["count"]!);
        (await alice.PutAsync($"v3/rooms/{room}/redact/{redacted}/t")).Ok();
        await gone.SendTextAsync(room, "walrus of one whom bob ignores");
        (await bob.PutAsync($"v3/user/{bob.UserId}/account_data/m.ignored_user_list", $$"""{"ignored_users":{"{{gone.UserId}}":{ } } }""")).Ok();
        (await bob.PostAsync($"v3/rooms/{room}/leave")).Ok();
        await alice.SendTextAsync(room, "walrus behind");
        await alice.SendTextAsync(await alice.CreateRoomAsync(), "walrus elsewhere");

        foreach (var order in (string[])["recent", "rank"])
        {
            var found = await SearchAsync(bob, "walrus", order);
            Assert.Equal((1, (string?)null), ((int)found["count"]!, (string?)found["next_batch"]));
            Assert.Equal([seen], Ids(found));
        }
    }

    [Fact]
    public async Task What_an_erased_user_said_is_found_by_those_who_were_there()
    {
        var (gone, friend, late) = (await server.RegisterAsync("gone"), await server.RegisterAsync("friend"), await server.RegisterAsync("late"));
        var room = await gone.CreateRoomAsync("""{"preset":"public_chat"}""");
        await friend.JoinAsync(room);
        var said = await gone.SendTextAsync(room, "narwhal");
        var user = $$"""{"type":"m.id.user","user":"{{gone.UserId}}"}""";
        (await gone.PostAsync(
            "v3/account/deactivate", $$$"""{"erase":true,"auth":{"type":"m.login.password","identifier":{{{user}}},"password":"{{{TestClient.Password}}}"}}"""))
            .Ok();
        await late.JoinAsync(room);

        Assert.Equal([said], Ids(await SearchAsync(friend, "narwhal")));
        Assert.Equal(0, (int)(await SearchAsync(late, "narwhal"))["count"]!);
    }

    [Theory, InlineData("recent"), InlineData("rank")]
    public async Task All_of_many_results_come_in_pages_once_each_while_more_is_said(string order)
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync();
        var sent = new List<string?>();
        for (var i = 0; i < 620; i++)
            sent.Insert(0, await alice.SendTextAsync(room, "needle" + string.Concat(Enumerable.Repeat(" hay", i % 2)) + (i % 3 == 0 ? " straw" : "")));

        var (seen, counts) = (new List<string?>(), new List<int>());
        string? next = null;
        do
        {
            var page = await SearchAsync(alice, "needle", order, next, limit: 70);
            seen.AddRange(Ids(page));
            counts.Add((int)page["count"]!);
            next = (string?)page["next_batch"];
            await alice.SendTextAsync(room, "needle");
        }
        while (next is not null);

        Assert.Equal(500, counts[0]);
        Assert.Equal(sent.Order(), seen.Order());
        if (order != "recent")
            return;
        Assert.Equal(sent, seen);
        Assert.Equal(sent.Count, counts[^1]);
    }

    [Fact]
    public async Task Keys_and_filters_choose_what_is_looked_at()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        var room = await alice.CreateRoomAsync("""{"preset":"public_chat","name":"otter name","topic":"otter topic"}""");
        await bob.JoinAsync(room);
        var text = await bob.SendTextAsync(room, "otter");
        var picture = (string)(await alice.PutAsync(
            $"v3/rooms/{room}/send/m.room.message/p", """{"msgtype":"m.image","body":"otter.png","url":"mxc://one.test/otter"}""")).Ok()["event_id"]!;

        Assert.Equal("otter name", await SingleAsync("\"keys\":[\"content.name\"]", "name"));
        Assert.Equal("otter topic", await SingleAsync("\"keys\":[\"content.topic\"]", "topic"));
        Assert.Equal("otter name", await SingleAsync("\"filter\":{\"types\":[\"m.room.name\"]}", "name"));
        Assert.Equal([picture], await FindAsync("\"filter\":{\"contains_url\":true}"));
        Assert.Equal([text], await FindAsync($"\"filter\":{{\"senders\":[\"{bob.UserId}\"]}}"));
        Assert.Empty(await FindAsync($"\"filter\":{{\"not_rooms\":[\"{room}\"]}}"));
        Assert.Empty(await FindAsync("\"filter\":{\"types\":[]}"));
        Assert.Empty(await FindAsync("\"keys\":[\"content.other\"]"));
        Assert.Equal(4, (await FindAsync("\"keys\":[\"content.body\",\"content.name\",\"content.topic\"]")).Count);

        async Task<string?> SingleAsync(string options, string member) => (string?)Assert.Single(
            RoomEvents(await alice.PostAsync("v3/search", Body("otter", options)))["results"]!.AsArray())!["result"]!["content"]![member];
        async Task<IReadOnlyList<string?>> FindAsync(string options) => Ids(RoomEvents(await alice.PostAsync("v3/search", Body("otter", options))));
    }

    [Fact]
    public async Task Hostile_texts_and_terms_are_searched_by_what_counts_of_them()
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync();
        var random = new Random(11);
        var unusual = string.Concat(Enumerable.Range(0, 20_000).Select(_ => (char)random.Next(0x1400, 0xabff)));
        var sent = new List<string?>
        {
            await alice.SendTextAsync(room, "begins " + new string('x', 58_000) + " ends"),
            await alice.SendTextAsync(room, "begins " + unusual + " ends"),
            await alice.SendTextAsync(room, "begins " + string.Join(' ', Enumerable.Range(0, 9_000)) + " ends"),
        };
        sent.Reverse();

        Assert.Equal(sent, Ids(await SearchAsync(alice, "begins")));
        Assert.Empty(Ids(await SearchAsync(alice, "ends")));
        Assert.Equal([sent[2]], Ids(await SearchAsync(alice, "begins " + new string('x', 300))));
        Assert.Equal([sent[0]], Ids(await SearchAsync(alice, string.Join(' ', Enumerable.Range(0, 1_000)))));
        foreach (var term in (string[])["\" OR \"", "begins\" OR words:*", "begins' | '", "'; DROP TABLE events; --", "\\", "\0", "*", "NEAR(", "-begins"])
            Assert.InRange(Ids(await SearchAsync(alice, term)).Count, 0, 3);
    }

    private static async Task<JsonNode> SearchAsync(TestClient who, string term, string order = "recent", string? from = null, int limit = 10) =>
        RoomEvents(await who.PostAsync(
            "v3/search" + (from is null ? "" : $"?next_batch={from}"), Body(term, $"\"order_by\":\"{order}\",\"filter\":{{\"limit\":{limit}}}")));

    private static string Body(string term, string options) =>
        $"{{\"search_categories\":{{\"room_events\":{{\"search_term\":{JsonValue.Create(term)!.ToJsonString()},{options}}}}}}}";

    private static JsonNode RoomEvents(Answer answer) => answer.Ok()["search_categories"]!["room_events"]!;

    private static IReadOnlyList<string?> Ids(JsonNode found) => [.. found["results"]!.AsArray().Select(r => (string?)r!["result"]!["event_id"])];
}
