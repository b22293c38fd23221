using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Joins, knocks and leaves between servers (S-S API, Joining Rooms, Restricted rooms, Knocking upon a room).</summary>
public sealed class JoinTests(TwoServers servers) : IClassFixture<TwoServers>
{
    private FederatingServer One => servers.One;

    private FederatingServer Two => servers.Two;

    [Fact]
    public async Task A_restricted_room_is_joined_through_a_space_in_the_name_of_who_may_invite()
    {
        var (anna, bert, dora, carl) =
            (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"), await Two.RegisterAsync("dora"), await Two.RegisterAsync("carl"));
        var space = await anna.CreateRoomAsync("""{"preset":"public_chat","creation_content":{"type":"m.space"},"room_version":"10"}""");
        var room = await RestrictedAsync(anna, "restricted", space);
        foreach (var user in new[] { bert, dora })
            (await user.PostAsync(Join(space))).Ok();
        (await carl.PostAsync(Join(room))).Fails(403, "M_FORBIDDEN");

        (await bert.PostAsync(Join(room))).Ok();
        var own = (await bert.GetAsync($"v3/rooms/{Path(room)}/state/m.room.member/{Path(bert.UserId)}")).Ok();
        Assert.Equal(anna.UserId, own["join_authorised_via_users_server"]!.GetValue<string>());

        // Now Bert's server is in the room too, but has nobody who may invite: it asks the other one.
        (await dora.PostAsync($"v3/rooms/{Path(room)}/join")).Ok();
        await SeesAsync(anna, room, dora.UserId, "join");
        (await carl.PostAsync($"v3/rooms/{Path(room)}/join")).Fails(403, "M_FORBIDDEN");
    }

    [Theory]
    [InlineData("knock")]
    [InlineData("knock_restricted")]
    public async Task A_knock_over_federation_is_answered_by_an_invite_or_taken_back(string rule)
    {
        var (anna, bert, carl) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"), await Two.RegisterAsync("carl"));
        var space = await anna.CreateRoomAsync("""{"preset":"private_chat"}""");
        var room = await RestrictedAsync(anna, rule, space);
        (await bert.PostAsync(Join(room))).Fails(403, "M_FORBIDDEN");
        foreach (var user in new[] { bert, carl })
            Assert.Equal(room, (await user.PostAsync($"v3/knock/{Path(room)}?via={One.FederationName}", """{"reason":"please"}""")).Ok("room_id"));
        await SeesAsync(anna, room, bert.UserId, "knock");
        var sync = (await bert.GetAsync("v3/sync")).Ok();
        Assert.Contains(sync["rooms"]!["knock"]![room]!["knock_state"]!["events"]!.AsArray(), e => e!["type"]!.GetValue<string>() == "m.room.join_rules");

        (await anna.PostAsync($"v3/rooms/{Path(room)}/invite", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
        (await bert.PostAsync(Join(room))).Ok();
        await SeesAsync(anna, room, bert.UserId, "join");
        (await carl.PostAsync($"v3/rooms/{Path(room)}/leave")).Ok();
        await SeesAsync(anna, room, carl.UserId, "leave");
    }

    [Fact]
    public async Task An_invite_is_declined_though_the_inviting_server_is_gone()
    {
        await using var hand = await PeersRoom.StartAsync();
        var bert = await Two.RegisterAsync("bert");
        var invite = hand.Room.Add(hand.Mallory, EventTypes.Member, bert.UserId, """{"membership":"invite"}""");
        hand.Peer.On("GET /_matrix/federation/v1/make_leave/", static _ => new Answer(503, "gone"));
        var body = new JsonObject
        {
            ["event"] = PeerRoom.Node(invite),
            ["room_version"] = "10",
            ["invite_room_state"] = PeerRoom.Array([hand.Room.Events.Values.First()])
        };
        (await hand.Peer.AskAsync(Two, HttpMethod.Put, $"/_matrix/federation/v2/invite/{hand.Room.Path}/{Path(invite.EventId)}", body.ToJsonString())).Ok();
        Assert.NotNull((await bert.GetAsync("v3/sync")).Ok()["rooms"]!["invite"]![hand.Room.RoomId]);
        (await bert.PostAsync($"v3/rooms/{hand.Room.Path}/leave")).Ok();
        Assert.Null((await bert.GetAsync("v3/sync")).Ok()["rooms"]?["invite"]?[hand.Room.RoomId]);
    }

    [Fact]
    public async Task An_invite_of_a_user_who_does_not_exist_is_signed_and_kept_for_nobody()
    {
        await using var hand = await PeersRoom.StartAsync();
        var nobody = $"@nobody:{Two.FederationName}";
        var invite = hand.Room.Add(hand.Mallory, EventTypes.Member, nobody, """{"membership":"invite"}""");
        var body = new JsonObject { ["event"] = PeerRoom.Node(invite), ["room_version"] = "10", ["invite_room_state"] = new JsonArray() };
        var signed = (await hand.Peer.AskAsync(
            Two, HttpMethod.Put, $"/_matrix/federation/v2/invite/{hand.Room.Path}/{Path(invite.EventId)}", body.ToJsonString())).Ok();
        Assert.NotNull(signed["event"]!["signatures"]![Two.FederationName.Value]);
        Assert.Null(await Two.Services.GetRequiredService<IStorage>().Memberships.GetAsync(hand.Room.RoomId, nobody, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Presence_that_comes_before_the_answer_to_the_join_is_kept()
    {
        await using var hand = await PeersRoom.StartAsync();
        var inbox = new PeerInbox(hand.Peer);
        Task? sending = null;
        hand.Peer.On("PUT /_matrix/federation/v2/send_join/", _ =>
        {
            // Answered once the presence is there: then the server asks for the key it is signed with.
            sending = inbox.SendAsync(Two, "m.presence", $$"""{"push":[{"user_id":"{{hand.Mallory}}","presence":"online","last_active_ago":1}]}""");
            SpinWait.SpinUntil(() => hand.Peer.Asked.Any(a => a.Contains("/_matrix/key/v2/server", StringComparison.Ordinal)), TimeSpan.FromSeconds(10));
            return new Answer(200, hand.Joined().ToJsonString());
        });
        var bert = await Two.RegisterAsync("bert");
        (await bert.PostAsync(hand.Join)).Ok();
        await sending!;
        Assert.Equal("online", (await bert.GetAsync($"v3/presence/{Path(hand.Mallory)}/status")).Ok("presence"));
    }

    [Fact]
    public async Task A_room_that_replaces_one_whose_server_keeps_that_to_itself_is_joined_like_any_other()
    {
        var (anna, bert) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"));
        var old = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        (await bert.PostAsync(Join(old))).Ok();
        (await bert.PutAsync($"v3/user/{Path(bert.UserId)}/rooms/{Path(old)}/tags/m.favourite", "{}")).Ok();

        // There is no m.room.tombstone in the old one.
        var room = await anna.CreateRoomAsync(new JsonObject
        {
            ["preset"] = "public_chat",
            ["creation_content"] = new JsonObject { ["predecessor"] = new JsonObject { ["room_id"] = old, ["event_id"] = "$" + new string('t', 43) } },
        }.ToJsonString());
        (await bert.PostAsync(Join(room))).Ok();
        Assert.Empty((await bert.GetAsync($"v3/user/{Path(bert.UserId)}/rooms/{Path(room)}/tags")).Ok()["tags"]!.AsObject());
        await bert.SendTextAsync(old, "still here");
        await bert.SendTextAsync(room, "here too");
    }

    [Theory]
    [InlineData("room_id")]
    [InlineData("sender")]
    [InlineData("state_key")]
    [InlineData("type")]
    [InlineData("membership")]
    public async Task A_template_for_something_else_is_not_signed(string member)
    {
        await using var hand = await PeersRoom.StartAsync();
        var bert = await Two.RegisterAsync("bert");
        hand.Peer.On("GET /_matrix/federation/v1/make_join/", _ =>
        {
            var template = hand.Template(bert.UserId, member == "membership" ? "leave" : "join");
            if (member != "membership")
                template["event"]![member] = "@other:server";
            return template;
        });
        Assert.Equal(502, (await bert.PostAsync(hand.Join)).Status);
        Assert.DoesNotContain(hand.Peer.Asked, line => line.Contains("/send_join/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("no create")]
    [InlineData("no JSON")]
    [InlineData("too large")]
    [InlineData("cut off")]
    public async Task A_lying_resident_fails_the_join_through_it_and_another_one_is_asked(string lie)
    {
        await using var hand = await PeersRoom.StartAsync();
        var honest = hand.Joined();
        hand.OnSendJoin(lie switch
        {
            "nothing" => "{}",
            "no create" => new JsonObject { ["state"] = PeerRoom.Array(hand.Room.State.Values.Skip(1)), ["auth_chain"] = new JsonArray() }.ToJsonString(),
            "no JSON" => "<html>",
            "too large" => $$"""{"state":[{"a":"{{new string('a', 5 << 20)}}"}],"auth_chain":[]}""",
            _ => honest.ToJsonString()[..^200],
        });
        var bert = await Two.RegisterAsync("bert");
        Assert.Equal(502, (await bert.PostAsync(hand.Join)).Status);

        var anna = await One.RegisterAsync("anna");
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        (await bert.PostAsync($"v3/join/{Path(room)}?via={hand.Peer.Name}&via={One.FederationName}")).Ok();
        Assert.Equal(2, hand.Peer.Asked.Count(line => line.Contains("/make_join/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task State_with_wrong_signatures_or_without_its_auth_chain_is_left_out()
    {
        await using var hand = await PeersRoom.StartAsync();
        var room = hand.Room;
        room.Add(hand.Mallory, "m.room.name", "", """{"name":"right"}""");
        room.Apply(room.Build(hand.Mallory, "m.room.topic", "", """{"topic":"forged"}""", [room.Last.EventId], key: SigningKey.FromSeed("peer", new byte[32])));
        room.Apply(room.Build(hand.Mallory, "m.room.avatar", "", """{"url":"mxc://unfounded/1"}""", [room.Last.EventId], ["$" + new string('a', 43)]));
        room.Add(hand.Peer.UserId("nobody"), "m.room.encryption", "", """{"algorithm":"m.forbidden"}""");
        var bert = await Two.RegisterAsync("bert");
        (await bert.PostAsync(hand.Join)).Ok();
        var state = (await bert.GetAsync($"v3/rooms/{room.Path}/state")).Ok().AsArray().Select(e => e!["type"]!.GetValue<string>()).ToList();
        Assert.Contains("m.room.name", state);
        Assert.DoesNotContain("m.room.topic", state);
        Assert.DoesNotContain("m.room.avatar", state);
        Assert.DoesNotContain("m.room.encryption", state);
    }

    [Fact]
    public async Task A_room_joined_without_members_outlives_a_restart_and_tells_them_once_they_are_known()
    {
        await using var two = new FederatingServer();
        await two.InitializeAsync();
        await using var hand = await PeersRoom.StartAsync();
        for (var i = 0; i < 10; i++)
            hand.Room.Add(hand.Peer.UserId($"member{i}"), EventTypes.Member, hand.Peer.UserId($"member{i}"), """{"membership":"join"}""");
        hand.OnSendJoin(hand.Joined(membersOmitted: true).ToJsonString());
        hand.Peer.On($"GET /_matrix/federation/v1/state/", static _ => new Answer(500, "{}"));
        var bert = await two.RegisterAsync("bert");
        (await bert.PostAsync(hand.Join)).Ok();
        await bert.SendTextAsync(hand.Room.RoomId, "here I am");
        const string Lazy = "filter=%7B%22room%22:%7B%22state%22:%7B%22lazy_load_members%22:true%7D%7D%7D";
        var sync = (await bert.GetAsync($"v3/sync?{Lazy}")).Ok();
        Assert.DoesNotContain(sync["rooms"]!["join"]![hand.Room.RoomId]!["state"]!["events"]!.AsArray(), e =>
            e!["state_key"]?.GetValue<string>() == hand.Mallory);
        var since = sync["next_batch"]!.GetValue<string>();

        // A member who is not known yet is heard all the same, and named to clients that load members lazily.
        var member = hand.Peer.UserId("member3");
        hand.Peer.On($"GET /_matrix/federation/v1/event_auth/", request =>
            new JsonObject { ["auth_chain"] = PeerRoom.Array(hand.Room.AuthChain([hand.Room.Last])) });
        var said = hand.Room.Say(member, "hello");
        Assert.Null((await hand.Peer.SendAsync(two, said))[said.EventId]!["error"]);
        var lazy = (await bert.GetAsync($"v3/sync?since={since}&{Lazy}"))
            .Ok()["rooms"]!["join"]![hand.Room.RoomId]!;
        Assert.Contains(lazy["timeline"]!["events"]!.AsArray(), e => e!["event_id"]!.GetValue<string>() == said.EventId);
        Assert.Contains(lazy["state"]!["events"]!.AsArray(), e => e!["state_key"]?.GetValue<string>() == member);

        hand.Room.ServeState();
        await two.RestartAsync();
        var members = (await bert.GetAsync($"v3/rooms/{hand.Room.Path}/joined_members")).Ok()["joined"]!.AsObject();
        Assert.Equal(12, members.Count);
        var later = (await bert.GetAsync($"v3/sync?since={since}")).Ok()["rooms"]!["join"]![hand.Room.RoomId]!;
        Assert.Contains(later["state"]!["events"]!.AsArray(), e => e!["state_key"]?.GetValue<string>() == member);
        Assert.Equal(12, later["summary"]!["m.joined_member_count"]!.GetValue<int>());
    }

    [Fact]
    public async Task Members_are_omitted_for_who_asks_and_heroes_told_of_a_room_without_a_name()
    {
        await using var peer = await Peer.StartAsync();
        var (anna, olga) = (await One.RegisterAsync("anna"), await One.RegisterAsync("olga"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        (await olga.PostAsync($"v3/rooms/{Path(room)}/join")).Ok();

        // A few come at once, so that nothing is left to be told later.
        var small = await SendJoinAsync(peer, room, "zeroth", "?omit_members=true");
        Assert.False(small["members_omitted"]!.GetValue<bool>());
        Assert.Equal([anna.UserId, olga.UserId], Members(small));
        for (var i = 0; i < 50; i++)
            (await anna.PostAsync($"v3/rooms/{Path(room)}/ban", $$"""{"user_id":"@nobody{{i}}:elsewhere"}""")).Ok();

        var unnamed = await SendJoinAsync(peer, room, "first", "?omit_members=true");
        Assert.True(unnamed["members_omitted"]!.GetValue<bool>());
        Assert.Equal([One.FederationName.Value, peer.Name.Value], unnamed["servers_in_room"]!.AsArray().Select(s => s!.GetValue<string>()));
        Assert.Equal([anna.UserId, olga.UserId, peer.UserId("zeroth")], Members(unnamed));

        (await anna.PutAsync($"v3/rooms/{Path(room)}/state/m.room.name", """{"name":"Named"}""")).Ok();
        var named = await SendJoinAsync(peer, room, "second", "?omit_members=true");
        Assert.Empty(Members(named));
        Assert.Contains(named["auth_chain"]!.AsArray(), e => e!["state_key"]?.GetValue<string>() == anna.UserId);
        var whole = await SendJoinAsync(peer, room, "third", "");
        Assert.False(whole["members_omitted"]!.GetValue<bool>());
        Assert.Contains(olga.UserId, Members(whole));
        Assert.Contains(peer.UserId("first"), Members(whole));
    }

    /// <summary>Some servers take the newest event of its kind for the state that holds.</summary>
    [Theory]
    [InlineData("1")]
    [InlineData("10")]
    public async Task The_auth_chain_of_a_join_has_what_is_named_before_what_names_it(string version)
    {
        Assert.True(RoomVersion.TryGet(version, out var known));
        await using var peer = await Peer.StartAsync();
        var anna = await One.RegisterAsync("anna");
        var room = await anna.CreateRoomAsync($$"""{"preset":"public_chat","room_version":"{{version}}"}""");
        for (var level = 1; level < 10; level++)
        {
            (await anna.PutAsync(
                $"v3/rooms/{Path(room)}/state/m.room.power_levels", $$$"""{"users":{"{{{anna.UserId}}}":100},"users_default":{{{level}}}}""")).Ok();
        }

        var chain = (await SendJoinAsync(peer, room, "pat", ""))["auth_chain"]!.AsArray()
            .Select(e => Pdu.Parse(System.Text.Encoding.UTF8.GetBytes(e!.ToJsonString()), known!).Value).ToList();
        var places = chain.Select((pdu, place) => (pdu.EventId, place)).ToDictionary(p => p.EventId, p => p.place);
        Assert.Equal(10, chain.Count(pdu => pdu.Type == "m.room.power_levels"));
        foreach (var pdu in chain)
            Assert.All(pdu.AuthEvents, id => Assert.True(places[id] < places[pdu.EventId], $"{pdu.Type} before an event that it names"));
    }

    [Fact]
    public async Task A_join_that_is_not_what_the_path_says_is_refused()
    {
        await using var peer = await Peer.StartAsync();
        var anna = await One.RegisterAsync("anna");
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        var join = await MakeJoinAsync(peer, room, "pat");
        var json = System.Text.Encoding.UTF8.GetString(join.Json.Span);
        const string V2 = "/_matrix/federation/v2/";
        (await peer.AskAsync(One, HttpMethod.Put, $"{V2}send_join/{Path(room)}/{Path("$" + new string('x', 43))}", json)).Fails(400, "M_INVALID_PARAM");
        (await peer.AskAsync(One, HttpMethod.Put, $"{V2}send_leave/{Path(room)}/{Path(join.EventId)}", json)).Fails(400, "M_INVALID_PARAM");
        var unsigned = JsonNode.Parse(json)!;
        unsigned["signatures"] = new JsonObject();
        Assert.Equal(400, (await peer.AskAsync(One, HttpMethod.Put, $"{V2}send_join/{Path(room)}/{Path(join.EventId)}", unsigned.ToJsonString())).Status);
        (await peer.AskAsync(One, HttpMethod.Get, $"/_matrix/federation/v1/make_join/{Path(room)}/{Path("@pat:elsewhere")}?ver=12")).Fails(403, "M_FORBIDDEN");
        (await peer.AskAsync(One, HttpMethod.Get, $"/_matrix/federation/v1/make_join/{Path(room)}/{Path(peer.UserId("pat"))}?ver=1"))
            .Fails(400, "M_INCOMPATIBLE_ROOM_VERSION");
        (await peer.AskAsync(One, HttpMethod.Put, $"{V2}send_join/{Path(room)}/{Path(join.EventId)}", json)).Ok();
        await SeesAsync(anna, room, peer.UserId("pat"), "join");

        // Sent by another server, it is none of that server's business.
        await using var other = await Peer.StartAsync();
        (await other.AskAsync(One, HttpMethod.Put, $"{V2}send_join/{Path(room)}/{Path(join.EventId)}", json)).Fails(400, "M_INVALID_PARAM");
        (await other.AskAsync(One, HttpMethod.Put, $"/_matrix/federation/v1/send_join/{Path(room)}/{Path(join.EventId)}", json)).Fails(403, "M_FORBIDDEN");
        (await other.AskAsync(One, HttpMethod.Put, $"/_matrix/federation/v1/send_leave/{Path(room)}/{Path(join.EventId)}", json)).Fails(403, "M_FORBIDDEN");
    }

    private static string Path(string id) => Uri.EscapeDataString(id);

    private static List<string> Members(JsonNode answer) =>
        [.. answer["state"]!.AsArray().Where(e => e!["type"]!.GetValue<string>() == "m.room.member").Select(e => e!["state_key"]!.GetValue<string>())
            .Order(StringComparer.Ordinal)];

    private string Join(string room) => $"v3/join/{Path(room)}?via={One.FederationName}";

    private static Task<string> RestrictedAsync(TestClient user, string rule, string space)
    {
        var rules = $$"""{"join_rule":"{{rule}}","allow":[{"type":"m.room_membership","room_id":"{{space}}"}]}""";
        return user.CreateRoomAsync(
            $$$"""{"preset":"private_chat","room_version":"10","power_level_content_override":{"invite":50},"initial_state":[{"type":"m.room.join_rules","state_key":"","content":{{{rules}}}}]}""");
    }

    private async Task<Pdu> MakeJoinAsync(Peer peer, string room, string localpart)
    {
        var versions = string.Join('&', RoomVersion.All.Select(v => "ver=" + v.Id));
        var user = peer.UserId(localpart);
        var made = (await peer.AskAsync(One, HttpMethod.Get, $"/_matrix/federation/v1/make_join/{Path(room)}/{Path(user)}?{versions}")).Ok();
        Assert.True(RoomVersion.TryGet(made["room_version"]!.GetValue<string>(), out var version));
        var template = made["event"]!;
        return new PeerRoom(peer, room, version).Build(
            user, EventTypes.Member, user, """{"membership":"join"}""", PeerRoom.Strings(template["prev_events"]!), PeerRoom.Strings(template["auth_events"]!),
            template["depth"]!.GetValue<long>());
    }

    private async Task<JsonNode> SendJoinAsync(Peer peer, string room, string localpart, string query)
    {
        var join = await MakeJoinAsync(peer, room, localpart);
        var path = $"/_matrix/federation/v2/send_join/{Path(room)}/{Path(join.EventId)}{query}";
        return (await peer.AskAsync(One, HttpMethod.Put, path, System.Text.Encoding.UTF8.GetString(join.Json.Span))).Ok();
    }

    private static async Task SeesAsync(TestClient user, string room, string member, string membership)
    {
        var since = "";
        for (var i = 0; i < 20; i++)
        {
            var state = await user.GetAsync($"v3/rooms/{Path(room)}/state/m.room.member/{Path(member)}");
            if (state.Status == 200 && state.Json["membership"]!.GetValue<string>() == membership)
                return;
            var sync = (await user.GetAsync($"v3/sync?timeout=3000{since}")).Ok();
            since = $"&since={sync["next_batch"]!.GetValue<string>()}";
        }

        Assert.Fail($"{member} is not seen to {membership}");
    }
}
