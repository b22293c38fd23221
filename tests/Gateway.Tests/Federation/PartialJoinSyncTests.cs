using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Which clients see a room whose members have not come yet (ADR 0135).</summary>
public sealed class PartialJoinSyncTests
{
    [Fact]
    public async Task Who_loads_members_lazily_sees_the_room_at_once_and_others_when_it_is_whole()
    {
        await using var scene = await PartialJoinScene.StartAsync();
        var bert = await scene.JoinAsync("bert");
        var room = scene.Hand.Room.RoomId;
        var (hidden, since) = await scene.SyncAsync(bert);
        Assert.Null(hidden);
        var (lazy, lazySince) = await scene.SyncAsync(bert, isLazy: true);
        Assert.Equal([bert.UserId], PartialJoinScene.MembersIn(lazy!));

        var said = await bert.SendTextAsync(room, "meanwhile");
        (await bert.PutAsync($"v3/user/{bert.UserId}/rooms/{scene.Hand.Room.Path}/tags/u.tag", """{"order":0.5}""")).Ok();
        (await bert.PutAsync($"{scene.Rooms}/typing/{bert.UserId}", """{"typing":true,"timeout":30000}""")).Ok();
        (hidden, since) = await scene.SyncAsync(bert, since);
        Assert.Null(hidden);
        Assert.Null((await scene.SyncAsync(bert, since: null)).Room);
        Assert.Null((await scene.SyncAsync(bert, $"{since}&full_state=true")).Room);
        (lazy, lazySince) = await scene.SyncAsync(bert, lazySince, isLazy: true);
        Assert.Contains(said, lazy!.ToJsonString(), StringComparison.Ordinal);

        // Nothing more happens in the room: that it is whole wakes who waits.
        var waiting = scene.SeesAsync(bert, since);
        var waitingLazily = scene.SeesAsync(bert, lazySince, isLazy: true);
        scene.LetMembersCome();
        var whole = await waiting;
        Assert.Equal(PartialJoinScene.Members + 1, PartialJoinScene.MembersIn(whole).Count);
        Assert.Contains(whole["state"]!["events"]!.AsArray(), e => e!["type"]!.GetValue<string>() == EventTypes.Create);
        Assert.Contains(said, whole["timeline"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.True(whole["timeline"]!["limited"]!.GetValue<bool>());
        Assert.Equal(PartialJoinScene.Members + 1, whole["summary"]!["m.joined_member_count"]!.GetValue<int>());
        Assert.Contains("u.tag", whole["account_data"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(PartialJoinScene.Members + 1, (await waitingLazily)["summary"]!["m.joined_member_count"]!.GetValue<int>());
        Assert.Equal(PartialJoinScene.Members + 1, PartialJoinScene.MembersIn((await scene.SyncAsync(bert)).Room!).Count);
    }

    [Fact]
    public async Task A_room_that_was_hidden_is_shown_over_kills_of_the_server()
    {
        await using var scene = await PartialJoinScene.StartAsync();
        var bert = await scene.JoinAsync("bert");
        var (hidden, since) = await scene.SyncAsync(bert);
        Assert.Null(hidden);
        await scene.Server.CrashAsync();
        Assert.Null((await scene.SyncAsync(bert, since)).Room);
        Assert.Null((await scene.SyncAsync(bert)).Room);
        scene.LetMembersCome();
        Assert.Equal(PartialJoinScene.Members + 1, PartialJoinScene.MembersIn(await scene.SeesAsync(bert, since)).Count);

        // The answer that told of it was lost, and so was all that the server had in memory.
        await scene.Server.CrashAsync();
        var (again, next) = await scene.SyncAsync(bert, since);
        Assert.Equal(PartialJoinScene.Members + 1, PartialJoinScene.MembersIn(again!).Count);
        Assert.Null((await scene.SyncAsync(bert, next)).Room);
    }

    [Fact]
    public async Task Who_leaves_and_comes_back_before_the_members_do_sees_the_room_once_it_is_whole()
    {
        await using var scene = await PartialJoinScene.StartAsync();
        scene.Hand.Peer.On("GET /_matrix/federation/v1/make_leave/", request => scene.Hand.Template(request.Last, "leave"));
        var bert = await scene.JoinAsync("bert");
        var first = (await scene.SyncAsync(bert)).Next;
        (await bert.PostAsync($"{scene.Rooms}/leave")).Ok();
        var left = await scene.SeesAsync(bert, first, "leave");
        Assert.Contains(left["state"]!["events"]!.AsArray(), e => e!["type"]!.GetValue<string>() == EventTypes.Create);
        var (hidden, since) = await scene.SyncAsync(bert, first);
        Assert.Null(hidden);

        (await bert.PostAsync(scene.Hand.Join)).Ok();
        (hidden, since) = await scene.SyncAsync(bert, since);
        Assert.Null(hidden);
        scene.LetMembersCome();
        foreach (var token in new[] { first, since })
            Assert.Equal(PartialJoinScene.Members + 1, PartialJoinScene.MembersIn(await scene.SeesAsync(bert, token)).Count);
        Assert.Equal("", scene.Server.Faults);
    }

    [Theory]
    [InlineData("leave")]
    [InlineData("ban")]
    public async Task Who_is_put_out_before_the_members_come_is_told_that(string membership)
    {
        await using var scene = await PartialJoinScene.StartAsync();
        var bert = await scene.JoinAsync("bert");
        var (_, since) = await scene.SyncAsync(bert);
        var (_, lazySince) = await scene.SyncAsync(bert, isLazy: true);
        var put = scene.Hand.Room.Add(scene.Hand.Mallory, EventTypes.Member, bert.UserId, $$"""{"membership":"{{membership}}"}""");
        Assert.Null((await scene.Hand.Peer.SendAsync(scene.Server, put))[put.EventId]!["error"]);
        foreach (var (token, isLazy) in new[] { (since, false), (lazySince, true) })
        {
            var left = await scene.SeesAsync(bert, token, "leave", isLazy);
            Assert.Contains(put.EventId, left["timeline"]!.ToJsonString(), StringComparison.Ordinal);
        }

        scene.LetMembersCome();
        Assert.Null((await scene.SyncAsync(bert)).Room);
        (await bert.PutAsync($"{scene.Rooms}/send/m.room.message/1", """{"body":"anybody?"}""")).Fails(403, "M_FORBIDDEN");
        Assert.Equal("", scene.Server.Faults);
    }

    [Fact]
    public async Task Others_of_the_server_who_join_meanwhile_see_the_room_with_the_first_one_and_later_ones_at_once()
    {
        await using var scene = await PartialJoinScene.StartAsync();
        var bert = await scene.JoinAsync("bert");
        var since = (await scene.SyncAsync(bert)).Next;
        var berta = await scene.JoinAsync("berta");
        var (hidden, bertaSince) = await scene.SyncAsync(berta);
        Assert.Null(hidden);
        Assert.Equal([berta.UserId], PartialJoinScene.MembersIn((await scene.SyncAsync(berta, isLazy: true)).Room!).Intersect([berta.UserId]));
        (await berta.GetAsync("v3/initialSync")).Ok();
        scene.LetMembersCome();
        foreach (var (user, token) in new[] { (bert, since), (berta, bertaSince) })
            Assert.Equal(PartialJoinScene.Members + 2, PartialJoinScene.MembersIn(await scene.SeesAsync(user, token)).Count);

        // The server is in the room: nothing is hidden from who comes now, nor from who is there already.
        scene.HoldMembers();
        since = (await scene.SyncAsync(bert)).Next;
        var dora = await scene.Server.RegisterAsync("dora");
        var doraSince = (await scene.SyncAsync(dora)).Next;
        (await dora.PostAsync(scene.Hand.Join)).Ok();
        Assert.Equal(PartialJoinScene.Members + 3, PartialJoinScene.MembersIn((await scene.SyncAsync(dora, doraSince)).Room!).Count);
        Assert.Equal([dora.UserId], PartialJoinScene.MembersIn((await scene.SyncAsync(bert, since)).Room!));
    }

    [Fact]
    public async Task The_old_ways_to_sync_tell_of_the_room_when_it_is_whole()
    {
        await using var scene = await PartialJoinScene.StartAsync();
        var bert = await scene.JoinAsync("bert");
        Assert.Empty((await bert.GetAsync("v3/initialSync")).Ok()["rooms"]!.AsArray());
        var one = bert.GetAsync($"{scene.Rooms}/initialSync");
        scene.LetMembersCome();
        var state = (await one).Ok()["state"]!.AsArray();
        Assert.Equal(PartialJoinScene.Members + 1, state.Count(e => e!["type"]!.GetValue<string>() == EventTypes.Member));
        Assert.Single((await bert.GetAsync("v3/initialSync")).Ok()["rooms"]!.AsArray());
    }
}
