using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Directory;

public sealed class SpaceTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    [Fact]
    public async Task A_summary_is_given_to_members_and_to_those_who_may_join_only()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        var open = await alice.CreateRoomAsync("""{"preset":"public_chat","name":"Open","room_alias_name":"summary"}""");
        var closed = await alice.CreateRoomAsync(
            """{"preset":"private_chat","name":"Closed","initial_state":[{"type":"m.room.encryption","state_key":"","content":{"algorithm":"m.megolm.v1.aes-sha2"}}]}""");

        var summary = (await bob.GetAsync($"v1/room_summary/{Uri.EscapeDataString("#summary:one.test")}")).Ok();
        Assert.Equal(open, (string?)summary["room_id"]);
        Assert.Equal("Open", (string?)summary["name"]);
        Assert.Equal("leave", (string?)summary["membership"]);
        Assert.Equal("12", (string?)summary["room_version"]);
        var anonymous = (await server.Anonymous().GetAsync($"v1/room_summary/{open}")).Ok();
        Assert.Null(anonymous["membership"]);
        (await bob.GetAsync($"v1/room_summary/{closed}")).Fails(404, "M_NOT_FOUND");
        var own = (await alice.GetAsync($"v1/room_summary/{closed}")).Ok();
        Assert.Equal("join", (string?)own["membership"]);
        Assert.Equal("m.megolm.v1.aes-sha2", (string?)own["encryption"]);
        (await alice.PostAsync($"v3/rooms/{closed}/invite", $$"""{"user_id":"{{bob.UserId}}"}""")).Ok();
        Assert.Equal("invite", (await bob.GetAsync($"v1/room_summary/{closed}")).Ok("membership"));
        (await bob.GetAsync("v1/room_summary/nonsense")).Fails(400, "M_INVALID_PARAM");
    }

    [Fact]
    public async Task A_space_is_walked_depth_first_in_order_without_rooms_that_may_not_be_known()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        var root = await SpaceAsync(alice, "root");
        var sub = await SpaceAsync(alice, "sub");
        var first = await RoomAsync(alice, "first");
        var inSub = await RoomAsync(alice, "in sub");
        var last = await RoomAsync(alice, "last");
        var secret = await alice.CreateRoomAsync("""{"preset":"private_chat","name":"secret"}""");
        await AddChildAsync(alice, root, last, """{"via":["one.test"],"order":"c","suggested":true}""");
        await AddChildAsync(alice, root, secret, """{"via":["one.test"],"order":"aa"}""");
        await AddChildAsync(alice, root, sub, """{"via":["one.test"],"order":"b"}""");
        await AddChildAsync(alice, root, first, """{"via":["one.test"],"order":"a"}""");
        await AddChildAsync(alice, sub, inSub, """{"via":["one.test"]}""");
        await AddChildAsync(alice, sub, root, """{"via":["one.test"]}""");
        await AddChildAsync(alice, sub, last, "{}");

        Assert.Equal([root, first, sub, inSub, last], await WalkAsync(bob, root, ""));
        Assert.Equal([root, first, secret, sub, inSub, last], await WalkAsync(alice, root, ""));
        Assert.Equal([root, first, sub, last], await WalkAsync(bob, root, "max_depth=1"));
        Assert.Equal([root, last], await WalkAsync(bob, root, "suggested_only=true"));
        Assert.Equal([root, first, sub, inSub, last], await WalkAsync(bob, root, "limit=2"));
        var children = (await bob.GetAsync($"v1/rooms/{root}/hierarchy")).Ok()["rooms"]![0]!["children_state"]!.AsArray();
        Assert.Equal([first, secret, sub, last], children.Select(c => (string?)c!["state_key"]));
        Assert.All(children, c => Assert.True((long)c!["origin_server_ts"]! > 0));
    }

    [Fact]
    public async Task Pages_keep_the_parameters_of_the_first_request()
    {
        var alice = await server.RegisterAsync("alice");
        var root = await SpaceAsync(alice, "root");
        await AddChildAsync(alice, root, await RoomAsync(alice, "a"), """{"via":["one.test"]}""");
        await AddChildAsync(alice, root, await RoomAsync(alice, "b"), """{"via":["one.test"]}""");
        var next = (await alice.GetAsync($"v1/rooms/{root}/hierarchy?limit=1&max_depth=3")).Ok("next_batch");

        (await alice.GetAsync($"v1/rooms/{root}/hierarchy?limit=1&max_depth=3&from={next}")).Ok();
        (await alice.GetAsync($"v1/rooms/{root}/hierarchy?limit=1&max_depth=2&from={next}")).Fails(400, "M_INVALID_PARAM");
        (await alice.GetAsync($"v1/rooms/{root}/hierarchy?limit=1&max_depth=3&suggested_only=true&from={next}")).Fails(400, "M_INVALID_PARAM");
        (await alice.GetAsync($"v1/rooms/{root}/hierarchy?from=nonsense")).Fails(400, "M_INVALID_PARAM");
        (await alice.GetAsync($"v1/rooms/{root}/hierarchy?limit=0")).Fails(400, "M_INVALID_PARAM");
    }

    [Fact]
    public async Task A_space_that_may_not_be_known_is_forbidden_and_one_restricted_to_known_rooms_is_shown()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        var club = await RoomAsync(alice, "club");
        var root = await alice.CreateRoomAsync($$$$"""
            {"preset":"private_chat","creation_content":{"type":"m.space"},"initial_state":[{"type":"m.room.join_rules","state_key":"",
             "content":{"join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":"{{{{club}}}}"}]}}]}
            """);

        (await bob.GetAsync($"v1/rooms/{root}/hierarchy")).Fails(403, "M_FORBIDDEN");
        (await bob.GetAsync("v1/rooms/!none:one.test/hierarchy")).Fails(403, "M_FORBIDDEN");
        await bob.JoinAsync(club);

        var room = (await bob.GetAsync($"v1/rooms/{root}/hierarchy")).Ok()["rooms"]![0]!;
        Assert.Equal(club, (string?)room["allowed_room_ids"]![0]);
        Assert.Equal("restricted", (string?)room["join_rule"]);
    }

    private static Task<string> SpaceAsync(TestClient who, string name) =>
        who.CreateRoomAsync("{\"preset\":\"public_chat\",\"name\":\"" + name + "\",\"creation_content\":{\"type\":\"m.space\"}}");

    private static Task<string> RoomAsync(TestClient who, string name) => who.CreateRoomAsync($$"""{"preset":"public_chat","name":"{{name}}"}""");

    private static async Task AddChildAsync(TestClient who, string space, string child, string content) =>
        (await who.PutAsync($"v3/rooms/{space}/state/m.space.child/{child}", content)).Ok();

    private static async Task<IReadOnlyList<string?>> WalkAsync(TestClient who, string root, string query)
    {
        var rooms = new List<string?>();
        string? from = null;
        do
        {
            var page = (await who.GetAsync($"v1/rooms/{root}/hierarchy?{query}" + (from is null ? "" : $"&from={from}"))).Ok();
            rooms.AddRange(page["rooms"]!.AsArray().Select(r => (string?)r!["room_id"]));
            from = (string?)page["next_batch"];
        }
        while (from is not null);
        return rooms;
    }
}
