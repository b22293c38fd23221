using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>What clients are told of users and rooms of other servers.</summary>
public sealed class RemoteReadsTests(FederatingServer server) : IClassFixture<FederatingServer>, IAsyncLifetime
{
    private const string QueryProfile = "GET /_matrix/federation/v1/query/profile";
    private const string HierarchyPath = "GET /_matrix/federation/v1/hierarchy/";
    private Peer _peer = null!;
    private TestClient _anna = null!;

    public async ValueTask InitializeAsync()
    {
        _peer = await Peer.StartAsync();
        _anna = await server.RegisterAsync("anna");
    }

    public ValueTask DisposeAsync() => _peer.DisposeAsync();

    [Fact]
    public async Task Profiles_of_other_servers_users_are_asked_for_once()
    {
        _peer.On(QueryProfile, _ => new JsonObject { ["displayname"] = "Zoe", ["avatar_url"] = "mxc://a/b" });
        var path = $"v3/profile/{Uri.EscapeDataString(_peer.UserId("zoe"))}";
        Assert.Equal("Zoe", (await _anna.GetAsync(path)).Ok("displayname"));
        Assert.Equal("""{"avatar_url":"mxc://a/b"}""", (await _anna.GetAsync(path + "/avatar_url")).Ok().ToJsonString());
        (await _anna.GetAsync(path + "/m.tz")).Fails(404, "M_NOT_FOUND");
        Assert.Single(_peer.Asked, line => line == QueryProfile);
    }

    [Theory]
    [InlineData(404, """{"errcode":"M_NOT_FOUND","error":"?"}""", 404)]
    [InlineData(200, "[]", 502)]
    [InlineData(200, "no JSON", 502)]
    [InlineData(500, "", 502)]
    public async Task A_server_that_gives_no_profile_gives_an_error(int status, string text, int expected)
    {
        _peer.On(QueryProfile, _ => new Answer(status, text));
        Assert.Equal(expected, (await _anna.GetAsync($"v3/profile/{Uri.EscapeDataString(_peer.UserId("zoe"))}")).Status);
    }

    [Fact]
    public async Task A_space_is_walked_into_rooms_of_other_servers_and_never_in_circles()
    {
        var space = await _anna.CreateRoomAsync("""{"preset":"public_chat","creation_content":{"type":"m.space"}}""");
        var local = await _anna.CreateRoomAsync("""{"preset":"public_chat","name":"local"}""");
        string far = $"!far:{_peer.Name}", room = $"!room:{_peer.Name}", secret = $"!secret:{_peer.Name}", closed = $"!closed:{_peer.Name}";
        foreach (var child in new[] { far, local, $"!gone:{_peer.Name}" })
            (await _anna.PutAsync($"v3/rooms/{Uri.EscapeDataString(space)}/state/m.space.child/{Uri.EscapeDataString(child)}",
                $$"""{"via":["{{_peer.Name}}"],"order":"{{(child == far ? "a" : "b")}}"}""")).Ok();
        _peer.On(HierarchyPath + far, _ => new JsonObject
        {
            ["room"] = Room(far, "m.space", "public", Child(space), Child(room), Child(secret), Child(far), Child(closed),
                new JsonObject { ["type"] = "nonsense" }, 7),
            ["children"] = new JsonArray(Room(room, null, "public"), Room(closed, null, "invite"), "nonsense"),
            ["inaccessible_children"] = new JsonArray(secret),
        });
        var walk = (await _anna.GetAsync($"v1/rooms/{Uri.EscapeDataString(space)}/hierarchy")).Ok()["rooms"]!.AsArray();
        Assert.Equal([space, far, room, local], walk.Select(r => r!["room_id"]!.GetValue<string>()));
        Assert.Equal(5, walk[1]!["children_state"]!.AsArray().Count);
        Assert.DoesNotContain(_peer.Asked, line => line.Contains(secret, StringComparison.Ordinal));

        // Page by page it is the same, and the other server is not asked again.
        var asked = _peer.Questions;
        var paged = new List<string>();
        for (var from = ""; ;)
        {
            var page = (await _anna.GetAsync($"v1/rooms/{Uri.EscapeDataString(space)}/hierarchy?limit=1{from}")).Ok();
            paged.AddRange(page["rooms"]!.AsArray().Select(r => r!["room_id"]!.GetValue<string>()));
            if (page["next_batch"]?.GetValue<string>() is not { } next)
                break;
            from = "&from=" + next;
        }

        Assert.Equal([space, far, room, local], paged);
        Assert.Equal(asked, _peer.Questions);
    }

    [Fact]
    public async Task Other_servers_are_told_of_a_space_what_their_users_could_find_out()
    {
        var space = await _anna.CreateRoomAsync("""{"preset":"public_chat","creation_content":{"type":"m.space"}}""");
        var open = await _anna.CreateRoomAsync("""{"preset":"public_chat","name":"open"}""");
        var secret = await _anna.CreateRoomAsync("""{"preset":"private_chat"}""");
        var members = await _anna.CreateRoomAsync($$"""
            {"preset":"private_chat","initial_state":[{"type":"m.room.join_rules","state_key":"","content":{"join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":"{{space}}"}]} }]}
            """);
        foreach (var child in new[] { open, secret, members, "!else:where" })
            (await _anna.PutAsync($"v3/rooms/{Uri.EscapeDataString(space)}/state/m.space.child/{Uri.EscapeDataString(child)}", """{"via":["x"]}""")).Ok();
        var target = $"/_matrix/federation/v1/hierarchy/{Uri.EscapeDataString(space)}";
        var told = (await _peer.AskAsync(server, HttpMethod.Get, target)).Ok();
        Assert.Equal(4, told["room"]!["children_state"]!.AsArray().Count);
        Assert.Equal([open], told["children"]!.AsArray().Select(r => r!["room_id"]!.GetValue<string>()));
        Assert.Equal(new[] { secret, members }.Order(), told["inaccessible_children"]!.AsArray().Select(r => r!.GetValue<string>()).Order());

        await _peer.JoinAsync(server, space, "zoe");
        told = (await _peer.AskAsync(server, HttpMethod.Get, target)).Ok();
        Assert.Equal(new[] { open, members }.Order(), told["children"]!.AsArray().Select(r => r!["room_id"]!.GetValue<string>()).Order());
        (await _peer.AskAsync(server, HttpMethod.Get, $"/_matrix/federation/v1/hierarchy/{Uri.EscapeDataString(secret)}")).Fails(404, "M_NOT_FOUND");
        Assert.Empty((await _peer.AskAsync(server, HttpMethod.Get, target + "?suggested_only=true")).Ok()["children"]!.AsArray());
    }

    [Theory]
    [InlineData(404, true)]
    [InlineData(403, true)]
    [InlineData(500, false)]
    public async Task A_server_that_tells_nothing_of_a_room_is_asked_again_and_one_that_does_not_answer_rests(int status, bool isAskedAgain)
    {
        var room = $"!later{status}:{_peer.Name}";
        _peer.On(HierarchyPath + room, _ => new Answer(status, """{"errcode":"M_NOT_FOUND","error":"?"}"""));
        (await _anna.GetAsync($"v1/room_summary/{Uri.EscapeDataString(room)}?via={_peer.Name}")).Fails(404, "M_NOT_FOUND");
        _peer.On(HierarchyPath + room, _ =>
            new JsonObject { ["room"] = Room(room, null, "public"), ["children"] = new JsonArray(), ["inaccessible_children"] = new JsonArray() });
        var again = await _anna.GetAsync($"v1/room_summary/{Uri.EscapeDataString(room)}?via={_peer.Name}");
        Assert.Equal(isAskedAgain ? 200 : 404, again.Status);
    }

    [Fact]
    public async Task A_room_of_another_server_is_summarised_by_it()
    {
        var (open, closed) = ($"!open:{_peer.Name}", $"!closed:{_peer.Name}");
        _peer.On(HierarchyPath + open, _ =>
            new JsonObject { ["room"] = Room(open, null, "public"), ["children"] = new JsonArray(), ["inaccessible_children"] = new JsonArray() });
        _peer.On(HierarchyPath + closed, _ =>
            new JsonObject { ["room"] = Room(closed, null, "invite"), ["children"] = new JsonArray(), ["inaccessible_children"] = new JsonArray() });
        var summary = (await _anna.GetAsync($"v1/room_summary/{Uri.EscapeDataString(open)}?via={_peer.Name}")).Ok();
        Assert.Equal((open, "leave", 3),
            (summary["name"]!.GetValue<string>(), summary["membership"]!.GetValue<string>(), summary["num_joined_members"]!.GetValue<int>()));
        Assert.Null((await server.Anonymous().GetAsync($"v1/room_summary/{Uri.EscapeDataString(open)}")).Ok()["membership"]);
        (await _anna.GetAsync($"v1/room_summary/{Uri.EscapeDataString(closed)}")).Fails(404, "M_NOT_FOUND");
        (await _anna.GetAsync($"v1/room_summary/!none:{_peer.Name}")).Fails(404, "M_NOT_FOUND");

        _peer.On("GET /_matrix/federation/v1/query/directory", _ => new JsonObject { ["room_id"] = open, ["servers"] = new JsonArray(_peer.Name.Value) });
        Assert.Equal(open, (await _anna.GetAsync($"v1/room_summary/{Uri.EscapeDataString($"#open:{_peer.Name}")}")).Ok("room_id"));
    }

    [Fact]
    public async Task Public_rooms_are_filtered_and_paged_over_federation_both_ways()
    {
        _peer.On("POST /_matrix/federation/v1/publicRooms", request => new JsonObject
        {
            ["chunk"] = new JsonArray(Room("!a:x", null, "public")),
            ["next_batch"] = request.Json["since"]?.GetValue<string>() ?? "more",
            ["total_room_count_estimate"] = request.Json["filter"]?["generic_search_term"]?.GetValue<string>() == "tea" ? 1 : 2,
        });
        var page = (await _anna.PostAsync($"v3/publicRooms?server={_peer.Name}", """{"limit":1,"filter":{"generic_search_term":"tea"}}""")).Ok();
        Assert.Equal(("more", 1), (page["next_batch"]!.GetValue<string>(), page["total_room_count_estimate"]!.GetValue<int>()));
        Assert.Equal("on", (await _anna.GetAsync($"v3/publicRooms?server={_peer.Name}&since=on")).Ok("next_batch"));

        foreach (var name in new[] { "green tea", "black tea", "coffee" })
            await _anna.CreateRoomAsync($$"""{"preset":"public_chat","visibility":"public","name":"{{name}}"}""");
        var seen = new List<string?>();
        for (JsonNode? since = null; ;)
        {
            var body = new JsonObject { ["limit"] = 1, ["filter"] = new JsonObject { ["generic_search_term"] = "tea" } };
            if (since is not null)
                body["since"] = since.GetValue<string>();
            var answer = (await _peer.AskAsync(server, HttpMethod.Post, "/_matrix/federation/v1/publicRooms", body.ToJsonString())).Ok();
            seen.AddRange(answer["chunk"]!.AsArray().Select(r => r!["name"]?.GetValue<string>()));
            since = answer["next_batch"];
            if (since is null)
                break;
        }

        Assert.Equal(["black tea", "green tea"], seen.Order());
    }

    [Fact]
    public async Task A_public_room_list_that_ignores_the_filter_is_filtered_here()
    {
        JsonObject Named(string id, string? type, string? name)
        {
            var room = Room(id, type, "public");
            room["name"] = name;
            return room;
        }

        _peer.On("POST /_matrix/federation/v1/publicRooms", _ => new JsonObject
        {
            ["chunk"] = new JsonArray(Named("!a:x", null, "Green TEA"), Named("!b:x", "m.space", "Tea houses"), Named("!c:x", null, "Coffee"), "nonsense"),
            ["next_batch"] = "more",
            ["total_room_count_estimate"] = 4,
        });
        async Task<IEnumerable<string>> ListAsync(string filter)
        {
            var page = (await _anna.PostAsync($"v3/publicRooms?server={_peer.Name}", $$"""{"filter":{{filter}}}""")).Ok();
            Assert.Equal("more", page["next_batch"]!.GetValue<string>());
            return page["chunk"]!.AsArray().Select(r => r!["room_id"]!.GetValue<string>());
        }

        Assert.Equal(["!a:x", "!b:x"], await ListAsync("""{"generic_search_term":"tea party"}"""));
        Assert.Equal(["!b:x"], await ListAsync("""{"room_types":["m.space"]}"""));
        Assert.Equal(["!a:x"], await ListAsync("""{"generic_search_term":"tea","room_types":[null]}"""));
        Assert.Equal(["!a:x", "!b:x", "!c:x"], await ListAsync("{}"));
    }

    [Fact]
    public async Task An_alias_that_a_server_cannot_find_without_a_fault_is_not_found()
    {
        _peer.On("GET /_matrix/federation/v1/query/directory", static _ => new Answer(500, """{"errcode":"M_UNKNOWN","error":"no rows"}"""));
        (await _anna.GetAsync($"v3/directory/room/{Uri.EscapeDataString($"#none:{_peer.Name}")}")).Fails(404, "M_NOT_FOUND");
        (await _anna.PostAsync($"v3/join/{Uri.EscapeDataString($"#none:{_peer.Name}")}")).Fails(404, "M_NOT_FOUND");
    }

    private static JsonObject Child(string room) => new()
    {
        ["type"] = "m.space.child",
        ["state_key"] = room,
        ["sender"] = "@z:x",
        ["origin_server_ts"] = 1,
        ["content"] = new JsonObject { ["via"] = new JsonArray("x") },
    };

    private static JsonObject Room(string id, string? type, string joinRule, params JsonNode[] children) => new()
    {
        ["room_id"] = id,
        ["room_type"] = type,
        ["join_rule"] = joinRule,
        ["name"] = id,
        ["num_joined_members"] = 3,
        ["world_readable"] = false,
        ["guest_can_join"] = 7,
        ["children_state"] = new JsonArray(children),
    };
}
