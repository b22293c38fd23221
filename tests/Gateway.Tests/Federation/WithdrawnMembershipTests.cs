using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Invites and knocks of users whose server is not in the room, and how they are taken back (S-S API, Leaving Rooms (Rejecting Invites)).</summary>
public sealed class WithdrawnMembershipTests(TwoServers servers) : IClassFixture<TwoServers>
{
    private FederatingServer One => servers.One;

    private FederatingServer Two => servers.Two;

    [Theory]
    [InlineData("10", "kick")]
    [InlineData("12", "kick")]
    [InlineData("12", "ban")]
    public async Task An_invite_that_is_taken_back_by_who_may_is_gone_for_the_invited_user(string version, string by)
    {
        var (anna, carol, bert) = (await One.RegisterAsync("anna"), await One.RegisterAsync("carol"), await Two.RegisterAsync("bert"));
        var users = new JsonObject { [carol.UserId] = 60 };
        if (version != "12")
            users[anna.UserId] = 100;
        var room = await anna.CreateRoomAsync(new JsonObject
        {
            ["preset"] = "private_chat",
            ["room_version"] = version,
            ["invite"] = new JsonArray(carol.UserId),
            ["power_level_content_override"] = new JsonObject { ["users"] = users },
        }.ToJsonString());
        await carol.JoinAsync(room);
        foreach (var (inviter, who) in new[] { (anna, anna), (anna, carol), (carol, anna) })
        {
            (await inviter.PostAsync($"v3/rooms/{Path(room)}/invite", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
            var since = await SyncUntilAsync(bert, "", sync => sync["rooms"]?["invite"]?[room] is not null);
            (await who.PostAsync($"v3/rooms/{Path(room)}/{by}", $$"""{"user_id":"{{bert.UserId}}","reason":"sorry"}""")).Ok();
            await SyncUntilAsync(bert, since, sync => Left(sync, room) is { } left && left["sender"]!.GetValue<string>() == who.UserId &&
                left["content"]!["reason"]!.GetValue<string>() == "sorry");
            Assert.Null((await bert.GetAsync("v3/sync")).Ok()["rooms"]?["invite"]?[room]);
            if (by == "ban")
                (await who.PostAsync($"v3/rooms/{Path(room)}/unban", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
        }
    }

    [Theory]
    [InlineData("10")]
    [InlineData("12")]
    public async Task An_invite_back_into_a_room_that_the_user_had_left_is_taken_back_too(string version)
    {
        var (anna, bert) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync($$"""{"preset":"private_chat","room_version":"{{version}}","invite":["{{bert.UserId}}"]}""");
        (await bert.PostAsync($"v3/join/{Path(room)}")).Ok();
        (await bert.PostAsync($"v3/rooms/{Path(room)}/leave")).Ok();
        await SyncUntilAsync(anna, "", sync => sync["rooms"]?["join"]?[room]?["timeline"]!["events"]!.AsArray().Any(e =>
            e!["state_key"]?.GetValue<string>() == bert.UserId && e["content"]!["membership"]!.GetValue<string>() == "leave") == true);
        await anna.SendTextAsync(room, "what Bert's server does not hear of");
        (await anna.PostAsync($"v3/rooms/{Path(room)}/invite", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
        var since = await SyncUntilAsync(bert, "", sync => sync["rooms"]?["invite"]?[room] is not null);
        (await anna.PostAsync($"v3/rooms/{Path(room)}/kick", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
        await SyncUntilAsync(bert, since, sync => sync["rooms"]?["leave"]?[room] is not null);
        Assert.Null((await bert.GetAsync("v3/sync")).Ok()["rooms"]?["invite"]?[room]);
        (await bert.PostAsync($"v3/join/{Path(room)}?via={One.FederationName}")).Fails(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task An_invite_that_a_moderator_of_a_third_server_takes_back_is_gone_too()
    {
        await using var three = new FederatingServer();
        await three.InitializeAsync();
        var (anna, bert, carl) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"), await three.RegisterAsync("carl"));
        var room = await anna.CreateRoomAsync(new JsonObject
        {
            ["preset"] = "public_chat",
            ["room_version"] = "12",
            ["power_level_content_override"] = new JsonObject { ["users"] = new JsonObject { [carl.UserId] = 60 } },
        }.ToJsonString());
        (await carl.PostAsync($"v3/join/{Path(room)}?via={One.FederationName}")).Ok();
        (await anna.PostAsync($"v3/rooms/{Path(room)}/invite", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
        var since = await SyncUntilAsync(bert, "", sync => sync["rooms"]?["invite"]?[room] is not null);
        await SyncUntilAsync(carl, "", sync => sync["rooms"]?["join"]?[room] is { } joined && joined["timeline"]!["events"]!.AsArray()
            .Concat(joined["state"]!["events"]!.AsArray()).Any(e => e!["state_key"]?.GetValue<string>() == bert.UserId));
        (await carl.PostAsync($"v3/rooms/{Path(room)}/kick", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
        await SyncUntilAsync(bert, since, sync => Left(sync, room)?["sender"]!.GetValue<string>() == carl.UserId);
    }

    [Fact]
    public async Task A_knock_that_is_denied_is_gone_for_the_user_and_one_that_the_user_takes_back_for_the_room()
    {
        var (anna, bert, carl) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"), await Two.RegisterAsync("carl"));
        var room = await anna.CreateRoomAsync(
            """{"room_version":"12","initial_state":[{"type":"m.room.join_rules","state_key":"","content":{"join_rule":"knock"}}]}""");
        foreach (var user in new[] { bert, carl })
            (await user.PostAsync($"v3/knock/{Path(room)}?via={One.FederationName}")).Ok();
        var since = await SyncUntilAsync(bert, "", sync => sync["rooms"]?["knock"]?[room] is not null);
        var told = (await bert.GetAsync("v3/sync")).Ok()["rooms"]!["knock"]![room]!["knock_state"]!["events"]!.AsArray();
        Assert.All(told, e => Assert.Equal(["content", "sender", "state_key", "type"], e!.AsObject().Select(m => m.Key).Order()));
        Assert.Contains(told, e => e!["type"]!.GetValue<string>() == "m.room.create");

        (await anna.PostAsync($"v3/rooms/{Path(room)}/kick", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
        await SyncUntilAsync(bert, since, sync => Left(sync, room)?["sender"]!.GetValue<string>() == anna.UserId);

        // The id of the room names no server: this one remembers who took the knock.
        (await carl.PostAsync($"v3/rooms/{Path(room)}/leave")).Ok();
        await SyncUntilAsync(anna, "", sync => sync["rooms"]?["join"]?[room]?["timeline"]!["events"]!.AsArray().Any(e =>
            e!["state_key"]?.GetValue<string>() == carl.UserId && e["content"]!["membership"]!.GetValue<string>() == "leave") == true);
    }

    [Theory]
    [InlineData("a moderator of a third server", true)]
    [InlineData("somebody of a third server who may not", false)]
    [InlineData("by levels that the invite does not name", false)]
    [InlineData("its events cannot be had", false)]
    [InlineData("without naming the invite", false)]
    [InlineData("with a signature of another key", false)]
    public async Task Who_else_takes_an_invite_back_must_be_allowed_to_by_what_the_invite_names(string how, bool counts)
    {
        await using var hand = await PeersRoom.StartAsync();
        await using var third = await Peer.StartAsync(number: 11);
        var bert = await Two.RegisterAsync("bert");
        var olga = third.UserId("olga");
        var room = new PeerRoom(third, hand.Room.RoomId, hand.Room.Version);
        foreach (var pdu in hand.Room.Events.Values)
            room.Apply(pdu);
        var levels = $$$"""{"users":{"{{{hand.Mallory}}}":100,"{{{olga}}}":{{{(how.StartsWith("somebody", StringComparison.Ordinal) ? 0 : 50)}}}}}""";
        var before = hand.Room.Add(hand.Mallory, EventTypes.PowerLevels, "", levels);
        room.Apply(before);
        room.Add(olga, EventTypes.Member, olga, """{"membership":"join"}""");
        var invite = hand.Room.Add(hand.Mallory, EventTypes.Member, bert.UserId, """{"membership":"invite"}""");
        if (how != "without naming the invite")
            room.Apply(invite);
        await InviteAsync(hand, invite);
        if (how == "by levels that the invite does not name")
            room.Apply(hand.Room.Add(hand.Mallory, EventTypes.PowerLevels, "", levels));
        if (how != "its events cannot be had")
            room.ServeState();
        var kick = room.Build(olga, EventTypes.Member, bert.UserId, """{"membership":"leave"}""", [invite.EventId],
            key: how.StartsWith("with a signature", StringComparison.Ordinal) ? hand.Peer.Key : null);
        var answer = await third.SendAsync(Two, kick);
        Assert.Equal(counts, answer.ContainsKey(kick.EventId));
        Assert.Equal(counts, (await bert.GetAsync("v3/sync")).Ok()["rooms"]?["invite"]?[hand.Room.RoomId] is null);
    }

    [Fact]
    public async Task What_took_back_an_invite_takes_back_no_later_one()
    {
        await using var hand = await PeersRoom.StartAsync();
        var bert = await Two.RegisterAsync("bert");
        await InviteAsync(hand, hand.Room.Add(hand.Mallory, EventTypes.Member, bert.UserId, """{"membership":"invite"}"""));
        var back = hand.Room.Add(hand.Mallory, EventTypes.Member, bert.UserId, """{"membership":"leave"}""");
        Assert.Null((await hand.Peer.SendAsync(Two, back))[back.EventId]!["error"]);
        await InviteAsync(hand, hand.Room.Add(hand.Mallory, EventTypes.Member, bert.UserId, """{"membership":"invite"}"""));
        await hand.Peer.SendAsync(Two, back);
        Assert.NotNull((await bert.GetAsync("v3/sync")).Ok()["rooms"]!["invite"]![hand.Room.RoomId]);
    }

    private static string Path(string id) => Uri.EscapeDataString(id);

    private async Task InviteAsync(PeersRoom hand, Pdu invite)
    {
        var body = new JsonObject
        {
            ["event"] = PeerRoom.Node(invite),
            ["room_version"] = hand.Room.Version.Id,
            ["invite_room_state"] = PeerRoom.Array([hand.Room.Events.Values.First()]),
        };
        (await hand.Peer.AskAsync(Two, HttpMethod.Put, $"/_matrix/federation/v2/invite/{hand.Room.Path}/{Path(invite.EventId)}", body.ToJsonString())).Ok();
    }

    private static JsonNode? Left(JsonNode sync, string room) =>
        sync["rooms"]?["leave"]?[room]?["timeline"]!["events"]!.AsArray().SingleOrDefault(e => e!["type"]!.GetValue<string>() == "m.room.member");

    private static async Task<string> SyncUntilAsync(TestClient user, string since, Func<JsonNode, bool> isThere)
    {
        for (var i = 0; i < 6; i++)
        {
            var sync = (await user.GetAsync($"v3/sync?timeout=3000{since}")).Ok();
            since = $"&since={sync["next_batch"]!.GetValue<string>()}";
            if (isThere(sync))
                return since;
        }

        Assert.Fail($"{user.UserId} does not see it");
        return since;
    }
}
