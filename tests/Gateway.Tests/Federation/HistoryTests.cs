using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Clients page beyond what their server knows of a room.</summary>
public sealed class HistoryTests(TwoServers servers) : IClassFixture<TwoServers>
{
    [Theory]
    [InlineData(7)]
    [InlineData(150)]
    public async Task Paging_back_goes_on_into_what_other_servers_have_without_skip_or_repeat(int limit)
    {
        var (anna, bert) = (await servers.One.RegisterAsync("anna"), await servers.Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        for (var i = 0; i < 30; i++)
        {
            await anna.SendTextAsync(room, $"text {i}");
            if (i % 10 == 3)
                (await anna.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.topic", $$"""{"topic":"{{i}}"}""")).Ok();
        }

        await JoinAsync(bert, room);
        var sync = (await bert.GetAsync("v3/sync")).Ok()["rooms"]!["join"]![room]!["timeline"]!;
        Assert.True(sync["limited"]!.GetValue<bool>());
        var timeline = sync["events"]!.AsArray().Select(Id);
        var expected = (await PageAsync(anna, room, null, 200)).Select(Id).ToList();
        var past = await PageAsync(bert, room, sync["prev_batch"]!.GetValue<string>(), limit);
        Assert.Equal(expected, timeline.Reverse().Concat(past.Select(Id)));
        Assert.Equal(expected, (await PageAsync(bert, room, null, limit)).Select(Id));

        // Forward over the same seam, and around an event that was fetched.
        var forward = (await bert.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/messages?dir=f&limit=1000")).Ok();
        Assert.Equal(Enumerable.Reverse(expected), forward["chunk"]!.AsArray().Select(Id));
        var middle = expected[12];
        var context = (await bert.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/context/{Uri.EscapeDataString(middle)}?limit=6")).Ok();
        Assert.Equal(expected.Skip(13).Take(3), context["events_before"]!.AsArray().Select(Id));
        Assert.Equal(Enumerable.Reverse(expected.Skip(9).Take(3)), context["events_after"]!.AsArray().Select(Id));
        var topic = past.First(e => e!["type"]!.GetValue<string>() == "m.room.topic")!;
        Assert.Equal("13", topic["unsigned"]!["prev_content"]!["topic"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("joined", false)]
    [InlineData("invited", false)]
    [InlineData("shared", true)]
    public async Task What_was_said_before_is_seen_as_the_history_visibility_of_then_allows(string visibility, bool isSeen)
    {
        var (anna, bert) = (await servers.One.RegisterAsync("anna"), await servers.Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync(
            $$"""{"preset":"public_chat","initial_state":[{"type":"m.room.history_visibility","state_key":"","content":{"history_visibility":"{{visibility}}"} }]}""");
        var message = await anna.SendTextAsync(room, "before");

        // The visibility at the time of the join says nothing about the time before.
        (await anna.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.history_visibility", """{"history_visibility":"shared"}""")).Ok();
        var later = await anna.SendTextAsync(room, "shared");
        await JoinAsync(bert, room);
        var seen = (await PageAsync(bert, room, null, 5)).Select(Id).ToList();
        Assert.Equal(isSeen, seen.Contains(message));
        Assert.Contains(later, seen);
        Assert.Equal(isSeen ? 200 : 404, (await bert.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/event/{Uri.EscapeDataString(message)}")).Status);
    }

    [Fact]
    public async Task An_event_of_a_gap_can_be_asked_for_and_keeps_its_place_when_the_gap_is_filled()
    {
        var (anna, bert) = (await servers.One.RegisterAsync("anna"), await servers.Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        var texts = new List<string>();
        for (var i = 0; i < 20; i++)
            texts.Add(await anna.SendTextAsync(room, $"text {i}"));

        await JoinAsync(bert, room);
        var path = $"v3/rooms/{Uri.EscapeDataString(room)}";
        Assert.Equal("text 12", (await bert.GetAsync($"{path}/event/{Uri.EscapeDataString(texts[12])}")).Ok()["content"]!["body"]!.GetValue<string>());
        (await bert.GetAsync($"{path}/event/%24{new string('x', 43)}")).Fails(404, "M_NOT_FOUND");

        // What is before it is fetched too; what is behind it is found by paging on.
        var context = (await bert.GetAsync($"{path}/context/{Uri.EscapeDataString(texts[5])}?limit=4")).Ok();
        Assert.Equal([texts[4], texts[3]], context["events_before"]!.AsArray().Select(Id));
        Assert.Equal([texts[6], texts[7]], context["events_after"]!.AsArray().Select(Id));
        Assert.Equal((await PageAsync(anna, room, null, 200)).Select(Id), (await PageAsync(bert, room, null, 6)).Select(Id));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Any_number_of_events_of_a_gap_can_be_asked_for_in_any_order(int order)
    {
        var (anna, bert) = (await servers.One.RegisterAsync("anna"), await servers.Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        var texts = new List<string>();
        for (var i = 0; i < 30; i++)
            texts.Add(await anna.SendTextAsync(room, $"text {i}"));
        await JoinAsync(bert, room);
        var path = $"v3/rooms/{Uri.EscapeDataString(room)}";
        var asked = Enumerable.Range(0, 24).Select(i => order switch { 0 => i, 1 => 23 - i, _ => i % 2 == 0 ? i / 2 : 23 - (i / 2) });
        foreach (var i in asked)
            Assert.Equal($"text {i}", (await bert.GetAsync($"{path}/event/{Uri.EscapeDataString(texts[i])}")).Ok()["content"]!["body"]!.GetValue<string>());
        var (expected, found) = ((await PageAsync(anna, room, null, 200)).Select(Id).ToList(), (await PageAsync(bert, room, null, 7)).Select(Id).ToList());
        Assert.Equal(expected, found);
    }

    [Fact]
    public async Task The_event_of_a_time_before_the_join_is_found_on_another_server()
    {
        var (anna, bert) = (await servers.One.RegisterAsync("anna"), await servers.Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        var text = await anna.SendTextAsync(room, "then");
        var time = (await anna.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/event/{Uri.EscapeDataString(text)}"))
            .Ok()["origin_server_ts"]!.GetValue<long>();
        await anna.SendTextAsync(room, "later");
        await JoinAsync(bert, room);
        var found = (await bert.GetAsync($"v1/rooms/{Uri.EscapeDataString(room)}/timestamp_to_event?ts={time}&dir=b")).Ok();
        Assert.Equal((text, time), (found["event_id"]!.GetValue<string>(), found["origin_server_ts"]!.GetValue<long>()));
        (await bert.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/context/{Uri.EscapeDataString(text)}")).Ok();
        (await bert.GetAsync($"v1/rooms/{Uri.EscapeDataString(room)}/timestamp_to_event?ts=1&dir=b")).Fails(404, "M_NOT_FOUND");
    }

    [Fact]
    public async Task Redactions_found_in_a_gap_are_applied()
    {
        var (anna, bert) = (await servers.One.RegisterAsync("anna"), await servers.Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        var message = await anna.SendTextAsync(room, "regretted");
        (await anna.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/redact/{Uri.EscapeDataString(message)}/1", "{}")).Ok();
        await JoinAsync(bert, room);
        var seen = (await PageAsync(bert, room, null, 100)).Single(e => Id(e) == message)!;
        Assert.Empty(seen["content"]!.AsObject());
    }

    private static string Id(JsonNode? e) => e!["event_id"]!.GetValue<string>();

    private async Task JoinAsync(TestClient user, string room) =>
        (await user.PostAsync($"v3/join/{Uri.EscapeDataString(room)}?server_name={servers.One.FederationName}")).Ok();

    /// <summary>All pages back from a token.</summary>
    private static async Task<List<JsonNode?>> PageAsync(TestClient user, string room, string? from, int limit)
    {
        var events = new List<JsonNode?>();
        for (var page = 0; page < 100; page++)
        {
            var answer = (await user.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/messages?dir=b&limit={limit}{(from is null ? "" : "&from=" + from)}"))
                .Ok();
            events.AddRange(answer["chunk"]!.AsArray());
            if (answer["end"]?.GetValue<string>() is not { } end)
                return events;
            from = end;
        }

        throw new InvalidOperationException("The history does not end");
    }
}
