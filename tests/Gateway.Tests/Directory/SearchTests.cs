using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Directory;

public sealed class SearchTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    [Fact]
    public async Task Messages_names_and_topics_of_the_users_rooms_are_found()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        var room = await alice.CreateRoomAsync("""{"preset":"public_chat","name":"Gardening club","topic":"about gardens"}""");
        var message = await alice.SendTextAsync(room, "My GARDEN, in June.");
        await alice.SendTextAsync(room, "the weather");
        var others = await bob.CreateRoomAsync();
        await bob.SendTextAsync(others, "garden");

        var found = await SearchAsync(alice, """{"search_term":"garden","order_by":"recent"}""");

        Assert.Equal(3, (int)found["count"]!);
        Assert.Equal(message, (string?)found["results"]![0]!["result"]!["event_id"]);
        Assert.Equal(["garden"], found["highlights"]!.AsArray().Select(h => (string?)h));
        Assert.Equal(message, Assert.Single(Ids(await SearchAsync(alice, """{"search_term":"june garden","keys":["content.body"]}"""))));
        Assert.Empty(Ids(await SearchAsync(alice, """{"search_term":"arden"}""")));
        Assert.Empty(Ids(await SearchAsync(alice, """{"search_term":""}""")));
        Assert.Single(Ids(await SearchAsync(bob, """{"search_term":"garden"}""")));
    }

    [Fact]
    public async Task Messages_of_ignored_users_are_not_found()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        var room = await alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        await bob.JoinAsync(room);
        await bob.SendTextAsync(room, "annoying");
        Assert.Single(Ids(await SearchAsync(alice, """{"search_term":"annoying"}""")));

        (await alice.PutAsync($"v3/user/{alice.UserId}/account_data/m.ignored_user_list", $$"""{"ignored_users":{"{{bob.UserId}}":{ } } }""")).Ok();

        Assert.Empty(Ids(await SearchAsync(alice, """{"search_term":"annoying"}""")));
    }

    [Fact]
    public async Task Results_come_in_pages_without_a_gap_or_a_repetition()
    {
        var alice = await server.RegisterAsync("alice");
        var rooms = new[] { await alice.CreateRoomAsync(), await alice.CreateRoomAsync(), await alice.CreateRoomAsync() };
        var sent = new List<string>();
        for (var i = 0; i < 17; i++)
            sent.Add(await alice.SendTextAsync(rooms[i % 3], $"needle {i}"));

        var seen = new List<string?>();
        string? next = null;
        do
        {
            var page = await SearchAsync(alice, """{"search_term":"needle","order_by":"recent","filter":{"limit":5}}""", next);
            seen.AddRange(Ids(page));
            next = (string?)page["next_batch"];
        }
        while (next is not null);

        Assert.Equal(Enumerable.Reverse(sent), seen);
    }

    [Fact]
    public async Task The_better_match_is_first_by_rank_and_results_are_grouped_and_filtered()
    {
        var alice = await server.RegisterAsync("alice");
        var (one, two) = (await alice.CreateRoomAsync(), await alice.CreateRoomAsync());
        var exact = await alice.SendTextAsync(one, "teapot");
        var vague = await alice.SendTextAsync(two, "there is a teapot in some long text here");

        var ranked = await SearchAsync(alice, """{"search_term":"teapot","groupings":{"group_by":[{"key":"room_id"},{"key":"sender"}]}}""");

        Assert.Equal([exact, vague], Ids(ranked));
        Assert.Equal(exact, (string?)ranked["groups"]!["room_id"]![one]!["results"]![0]);
        Assert.Equal(2, ranked["groups"]!["sender"]![alice.UserId]!["results"]!.AsArray().Count);
        Assert.Equal([vague], Ids(await SearchAsync(alice, "{\"search_term\":\"teapot\",\"filter\":{\"rooms\":[\"" + two + "\"]}}")));
        Assert.Empty(Ids(await SearchAsync(
            alice, """{"search_term":"teapot","filter":{"not_senders":["SELF"]}}""".Replace("SELF", alice.UserId, StringComparison.Ordinal))));
    }

    [Fact]
    public async Task Context_profiles_and_state_come_with_a_result()
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync("""{"name":"Named"}""");
        await alice.SendTextAsync(room, "before");
        await alice.SendTextAsync(room, "target");
        await alice.SendTextAsync(room, "after");

        var found = await SearchAsync(
            alice, """{"search_term":"target","include_state":true,"event_context":{"before_limit":1,"after_limit":5,"include_profile":true}}""");

        var context = found["results"]![0]!["context"]!;
        Assert.Equal("before", (string?)Assert.Single(context["events_before"]!.AsArray())!["content"]!["body"]);
        Assert.Equal("after", (string?)Assert.Single(context["events_after"]!.AsArray())!["content"]!["body"]);
        Assert.NotNull(context["profile_info"]![alice.UserId]);
        Assert.Contains(found["state"]![room]!.AsArray(), e => (string?)e!["type"] == "m.room.name");
        (await alice.GetAsync($"v3/rooms/{room}/messages?dir=b&from={context["start"]}")).Ok();
    }

    [Fact]
    public async Task What_the_user_may_not_see_is_not_found()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        var room = await alice.CreateRoomAsync(
            """{"preset":"public_chat","initial_state":[{"type":"m.room.history_visibility","state_key":"","content":{"history_visibility":"joined"}}]}""");
        await alice.SendTextAsync(room, "secret early");
        await bob.JoinAsync(room);
        var seen = await alice.SendTextAsync(room, "secret shared");
        var redacted = await alice.SendTextAsync(room, "secret regretted");
        (await alice.PutAsync($"v3/rooms/{room}/redact/{redacted}/t")).Ok();
        (await bob.PostAsync($"v3/rooms/{room}/leave")).Ok();
        await alice.SendTextAsync(room, "secret late");

        Assert.Equal([seen], Ids(await SearchAsync(bob, """{"search_term":"secret"}""")));
        Assert.Equal(3, Ids(await SearchAsync(alice, """{"search_term":"secret"}""")).Count);
    }

    [Theory]
    [InlineData("\"garden\" OR NEAR(club* : ^)", 0)]
    [InlineData("GARDEN* -- ' \" ( ) : ^ & | !", 1)]
    [InlineData("' \" ( ) : * & ! %", 0)]
    [InlineData("LONG", 1)]
    public async Task A_hostile_term_is_nothing_but_words(string term, int results)
    {
        var alice = await server.RegisterAsync("alice");
        await alice.SendTextAsync(await alice.CreateRoomAsync(), "The garden.");
        term = term.Replace("LONG", "garden" + new string(' ', 2000) + new string('x', 58_000), StringComparison.Ordinal);

        Assert.Equal(results, Ids(await SearchAsync(alice, new JsonObject { ["search_term"] = term }.ToJsonString())).Count);
    }

    [Theory]
    [InlineData("{}", "M_MISSING_PARAM")]
    [InlineData("""{"search_categories":{"room_events":{}}}""", "M_MISSING_PARAM")]
    [InlineData("""{"search_categories":{"room_events":{"search_term":1}}}""", "M_INVALID_PARAM")]
    [InlineData("""{"search_categories":{"room_events":{"search_term":"a","order_by":"size"}}}""", "M_BAD_JSON")]
    [InlineData("""{"search_categories":{"room_events":{"search_term":"a","filter":[]}}}""", "M_BAD_JSON")]
    [InlineData("""{"search_categories":{"room_events":{"search_term":"a","keys":"content.body"}}}""", "M_BAD_JSON")]
    [InlineData("""{"search_categories":{"room_events":{"search_term":"a","include_state":"yes"}}}""", "M_BAD_JSON")]
    [InlineData("""{"search_categories":{"room_events":{"search_term":"a","groupings":[]}}}""", "M_BAD_JSON")]
    [InlineData("""{"search_categories":{"room_events":{"search_term":"a","event_context":true}}}""", "M_BAD_JSON")]
    [InlineData("""{"search_categories":{"room_events":{"search_term":"a","event_context":{"before_limit":-1}}}}""", "M_BAD_JSON")]
    [InlineData("""{"search_categories":{"room_events":{"search_term":"a","event_context":{"after_limit":"1"}}}}""", "M_BAD_JSON")]
    [InlineData("""{"search_categories":{"room_events":{"search_term":"a","event_context":{"include_profile":1}}}}""", "M_BAD_JSON")]
    public async Task Wrong_requests_are_refused(string body, string errCode)
    {
        var alice = await server.RegisterAsync("alice");

        (await alice.PostAsync("v3/search", body)).Fails(400, errCode);
        (await alice.PostAsync("v3/search?next_batch=nonsense", """{"search_categories":{"room_events":{"search_term":"a"}}}""")).Fails(400, "M_INVALID_PARAM");
        Assert.Empty((await alice.PostAsync("v3/search", """{"search_categories":{}}""")).Ok()["search_categories"]!.AsObject());
    }

    private static async Task<JsonNode> SearchAsync(TestClient who, string roomEvents, string? from = null)
    {
        var path = "v3/search" + (from is null ? "" : $"?next_batch={from}");
        return (await who.PostAsync(path, "{\"search_categories\":{\"room_events\":" + roomEvents + "}}")).Ok()["search_categories"]!["room_events"]!;
    }

    private static IReadOnlyList<string?> Ids(JsonNode found) => [.. found["results"]!.AsArray().Select(r => (string?)r!["result"]!["event_id"])];
}
