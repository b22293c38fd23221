using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;
using static OrleansMatrix.Grains.Tests.Room.RemoteServer;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Room;

/// <summary>A room that was joined without its members (S-S API, send_join, omit_members): Zoe's server joins the local one's room.</summary>
public sealed class PartialRoomTests : IAsyncLifetime
{
    private RoomHarness _local = null!;
    private RoomHarness _remote = null!;
    private DirectRooms _rooms = null!;

    public async ValueTask InitializeAsync()
    {
        _local = await RoomHarness.StartAsync();
        _remote = await RoomHarness.StartAsync(clock: _local.Clock, name: Name);
        _local.Remote = new DirectRooms(_local, _remote);
        _remote.Remote = _rooms = new DirectRooms(_remote, _local) { OmitsMembers = true };
    }

    public async ValueTask DisposeAsync()
    {
        await _local.DisposeAsync();
        await _remote.DisposeAsync();
    }

    [Theory]
    [InlineData("6")]
    [InlineData("10")]
    [InlineData("12")]
    public async Task A_room_joined_without_members_is_used_at_once_and_made_whole_later(string version)
    {
        var room = await CrowdAsync(version);
        await JoinAsync(room);
        Assert.Null((await _remote.StateAsync(room)).GetValueOrDefault((EventTypes.Member, Bob)));
        Assert.Equal([("remote", 1), ("local", 0)], await _remote.Storage.Memberships.ServersAsync(room));

        // Bob is not known here, yet his message counts, and Zoe's goes to the server that is only said to be in the room.
        await ExchangeAsync(room, Bob, "from bob");
        var hello = (await _remote.SendAsync(room, Zoe, "from zoe")).Value;
        Assert.Contains(hello, (await _remote.Storage.Outbox.QueuedAsync("local", 0, 10)).Select(r => r.EventId));
        Assert.Equal(PduVerdict.Accepted, await GiveAsync(_remote, _local, room, hello));
        await _local.MemberAsync(room, Carol, MembershipAction.Leave);
        await GiveLatestAsync(room);
        await ExchangeAsync(room, Alice, "from alice");
        Assert.Null((await _remote.StateAsync(room)).GetValueOrDefault((EventTypes.Member, Bob)));

        Assert.True(await _remote.FillAsync(room));
        await AssertSameAsync(room);
        Assert.Null(await _remote.Storage.PartialRooms.GetAsync(room));
        await ExchangeAsync(room, Bob, "after");
        await AssertSameAsync(room);
    }

    [Fact]
    public async Task A_killed_server_goes_on_where_it_was()
    {
        var room = await CrowdAsync("12");
        await JoinAsync(room);
        await ExchangeAsync(room, Bob, "one");
        _remote.Forget();
        await ExchangeAsync(room, Bob, "two");
        _remote.Forget();
        Assert.Equal(3, (await _remote.Storage.PartialRooms.GetAsync(room))!.Events.Count);
        Assert.True(await _remote.FillAsync(room));
        await AssertSameAsync(room);
    }

    [Fact]
    public async Task An_event_that_only_a_part_of_the_state_allowed_is_rejected_once_the_state_is_whole()
    {
        var room = await CrowdAsync("12");
        var bobsJoin = (await _local.StateAsync(room))[(EventTypes.Member, Bob)];
        Assert.True((await _local.MemberAsync(room, Alice, MembershipAction.Ban, Bob)).Ok);
        await JoinAsync(room);

        // Bob's server lies: it names his join and not the ban.
        var state = await _local.StateAsync(room);
        string[] auth = [.. RoomVersionOf("12").RoomIdIsCreateHash ? [] : new[] { state[(EventTypes.Create, "")] }, state[(EventTypes.PowerLevels, "")],
            bobsJoin];
        var last = (await _remote.Storage.Rooms.GetAsync(room))!.Extremities;
        var spam = await EventAsync(_remote, room, Bob, "m.room.message", null, """{"body":"spam"}""", [.. last], auth, LocalKey);
        await StoreAsync(bobsJoin);
        Assert.Equal(PduVerdict.Accepted, (await PushAsync(_remote, room, spam)).Single().Verdict);
        var after = (await _remote.SendAsync(room, Zoe, "after")).Value;

        Assert.True(await _remote.FillAsync(room));
        Assert.Equal(EventStatus.Rejected, (await _remote.EventAsync(spam.EventId)).Status);
        Assert.Equal(EventStatus.None, (await _remote.EventAsync(after)).Status);
        Assert.DoesNotContain(spam.EventId, (await _remote.HistoryAsync(room)).Select(e => e.EventId));
        Assert.Equal("ban", (await _remote.Storage.Memberships.GetAsync(room, Bob))!.Membership);
        Assert.True((await _remote.SendAsync(room, Zoe, "still here")).Ok);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_event_waits_for_the_one_before_it_also_while_members_are_missing(bool isFilledFirst)
    {
        var room = await CrowdAsync("12");
        await JoinAsync(room);
        var first = (await _local.SendAsync(room, Alice, "first")).Value;
        var second = (await _local.SendAsync(room, Alice, "second")).Value;
        var json = (await _local.EventAsync(second)).Json;
        var kept = await _remote.RunAsync(room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse("local"), [json], Stage: true)));
        Assert.Equal(PduVerdict.Staged, kept.Value.Pdus.Single().Verdict);
        if (isFilledFirst)
            Assert.True(await _remote.FillAsync(room));
        Assert.Equal(PduVerdict.Accepted, await GiveAsync(_local, _remote, room, first));
        Assert.Equal([second], await _remote.RunAsync(room, r => Task.FromResult(r.Room!.Staged.TakeReady().ToArray())));
        Assert.Equal(PduVerdict.Accepted, await GiveAsync(_local, _remote, room, second));
        Assert.Empty(await _remote.Storage.StagedPdus.OfRoomAsync(room));
        Assert.True(await _remote.FillAsync(room));
        await AssertSameAsync(room);
    }

    [Fact]
    public async Task A_kick_takes_the_user_out_and_nothing_more_is_asked_for()
    {
        var room = await CrowdAsync("12");
        var join = await JoinAsync(room);
        var kick = await _local.MemberAsync(room, Alice, MembershipAction.Kick, Zoe);
        Assert.Equal(PduVerdict.Accepted, await GiveAsync(_local, _remote, room, kick.Value));
        Assert.Equal("leave", (await _remote.Storage.Memberships.GetAsync(room, Zoe))!.Membership);
        Assert.False((await _remote.SendAsync(room, Zoe, "anybody?")).Ok);
        Assert.True(await _remote.FillAsync(room));
        Assert.Null(await _remote.Storage.PartialRooms.GetAsync(room));
        Assert.Null((await _remote.StateAsync(room)).GetValueOrDefault((EventTypes.Member, Bob)));

        // Back again, the room is taken over whole.
        Assert.NotEqual(join, await JoinAsync(room, isPartial: false));
        Assert.Equal(await _local.StateAsync(room), await _remote.StateAsync(room));
        Assert.Equal(await MembersAsync(_local, room), await MembersAsync(_remote, room));
    }

    [Fact]
    public async Task A_server_that_knows_no_members_lets_nobody_in_and_tells_no_state()
    {
        var room = await CrowdAsync("12");
        var join = await JoinAsync(room);
        var made = await _remote.RunAsync(
            room, r => MakeMembership.RunAsync(r, new MembershipTemplateRequest(ServerName.Parse("local"), UserId.Parse(Bob), Membership.Join, ["12"])));
        Assert.Equal(ErrCodes.NotFound, made.Error!.ErrCode);
        var pdu = (await _local.EventAsync(join)).Json;
        var sent = await _remote.RunAsync(
            room, r => AcceptMembership.RunAsync(r, new SignedMembership(ServerName.Parse("remote"), join, Membership.Join, pdu)));
        Assert.Equal(ErrCodes.NotFound, sent.Error!.ErrCode);
        Assert.Equal(ErrCodes.NotFound, (await new DirectRooms(_local, _remote).ListStateAsync(room, join)).Error!.ErrCode);
        Assert.True(await _remote.FillAsync(room));
        Assert.True((await new DirectRooms(_local, _remote).ListStateAsync(room, join)).Ok);
    }

    [Fact]
    public async Task Resident_servers_that_cannot_or_will_not_tell_all_are_asked_again_later()
    {
        var room = await CrowdAsync("12");
        await JoinAsync(room);
        _rooms.HidesState = true;
        Assert.False(await _remote.FillAsync(room));
        Assert.NotNull(await _remote.Storage.PartialRooms.GetAsync(room));
        _rooms.HidesState = false;
        Assert.True(await _remote.FillAsync(room));
        await AssertSameAsync(room);
    }

    [Fact]
    public async Task Of_a_room_on_many_servers_each_try_asks_others_until_all_were()
    {
        var room = await CrowdAsync("12");
        await JoinAsync(room);
        var row = (await _remote.Storage.PartialRooms.GetAsync(room))!;
        string[] servers = [row.Origin, .. Enumerable.Range(0, 24).Select(i => $"s{i}.test")];
        var unit = new WriteUnit(await _remote.Storage.AcquireFenceAsync("room:" + room));
        _remote.Storage.PartialRooms.Begin(unit, room, row.JoinEventId, row.Origin, servers);
        _remote.Storage.PartialRooms.AddEvent(unit, room, row.JoinEventId, 0);
        await _remote.Storage.CommitAsync(unit);
        _remote.Forget();
        _rooms.HidesState = true;
        for (var failures = 0; failures < 3; failures++)
        {
            Assert.False(await _remote.FillAsync(room, failures));
            Assert.Equal(10 * (failures + 1), _rooms.Asked.Count);
        }

        Assert.Equal("local", _rooms.Asked[0]);
        Assert.Empty(servers.Except(_rooms.Asked));
        _rooms.HidesState = false;
        Assert.True(await _remote.FillAsync(room, int.MaxValue));
        await AssertSameAsync(room);
    }

    [Fact]
    public async Task An_event_behind_a_gap_gets_its_own_state_when_the_room_is_made_whole()
    {
        var room = await CrowdAsync("12");
        await JoinAsync(room);
        await _local.MemberAsync(room, Carol, MembershipAction.Leave);
        await _local.SendAsync(room, Bob, "lost");
        var behind = (await _local.SendAsync(room, Bob, "behind the gap")).Value;
        var pdu = (await _local.EventAsync(behind)).Json;
        await StoreAuthAsync(behind);
        Assert.Equal(PduVerdict.MissingPrevEvents, await GiveAsync(_local, _remote, room, behind));
        var verdict = await _remote.RunAsync(room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse("local"), [pdu], [])));
        Assert.Equal(PduVerdict.Accepted, verdict.Value.Pdus.Single().Verdict);
        Assert.True(await _remote.FillAsync(room));
        Assert.Equal((await _local.EventAsync(behind)).StateBefore, (await _remote.EventAsync(behind)).StateBefore);
        Assert.Equal("leave", (await _remote.Storage.Memberships.GetAsync(room, Carol))!.Membership);
    }

    [Fact]
    public async Task Members_who_come_after_the_redaction_of_their_events_are_redacted()
    {
        var room = await CrowdAsync("12");
        await JoinAsync(room);
        var bobsJoin = (await _local.StateAsync(room))[(EventTypes.Member, Bob)];
        var redaction = (await _local.RedactAsync(room, Alice, bobsJoin)).Value!;
        await GiveLatestAsync(room);
        Assert.Null(await _remote.Storage.Events.GetAsync(bobsJoin));
        Assert.True(await _remote.FillAsync(room));
        Assert.Equal(redaction, (await _remote.EventAsync(bobsJoin)).RedactedBy);
        Assert.Null((await _remote.Storage.Memberships.GetAsync(room, Bob))!.DisplayName);
        await AssertSameAsync(room);
    }

    [Theory]
    [InlineData("6", 3)]
    [InlineData("11", 100)]
    [InlineData("12", 1)]
    [InlineData("12", 100)]
    public async Task Paging_back_while_members_are_missing_leaves_the_room_able_to_become_whole(string version, int atOnce)
    {
        var room = await CrowdAsync(version);
        Assert.True((await _local.SetStateAsync(room, Alice, "m.room.topic", "", """{"topic":"before the join"}""")).Ok);
        var early = (await _local.SendAsync(room, Bob, "early")).Value;
        await JoinAsync(room);
        await PageBackAsync(room, atOnce);
        Assert.Equal((await _local.HistoryAsync(room)).Select(e => e.EventId), (await _remote.HistoryAsync(room)).Select(e => e.EventId));

        // A redaction reaches back to what came before the join, too.
        Assert.True((await _local.RedactAsync(room, Alice, early)).Ok);
        await GiveLatestAsync(room);
        _remote.Forget();
        Assert.True(await _remote.FillAsync(room));
        await AssertSameAsync(room);
        Assert.NotNull((await _remote.EventAsync(early)).RedactedBy);
    }

    [Fact]
    public async Task A_gap_that_opened_since_the_join_may_be_filled_while_members_are_missing()
    {
        var room = await CrowdAsync("12");
        await JoinAsync(room);
        await _local.MemberAsync(room, Carol, MembershipAction.Leave);
        await _local.SendAsync(room, Bob, "lost");
        var behind = (await _local.SendAsync(room, Bob, "behind the gap")).Value;
        var pdu = (await _local.EventAsync(behind)).Json;
        await StoreAuthAsync(behind);
        var verdict = await _remote.RunAsync(room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse("local"), [pdu], [])));
        Assert.Equal(PduVerdict.Accepted, verdict.Value.Pdus.Single().Verdict);
        await PageBackAsync(room, 100);
        Assert.Equal((await _local.HistoryAsync(room)).Select(e => e.EventId), (await _remote.HistoryAsync(room)).Select(e => e.EventId));
        Assert.True(await _remote.FillAsync(room));
        await AssertSameAsync(room);
    }

    /// <summary>Some databases hold events from before the join among those to be judged again: all that a client had paged back to.</summary>
    [Theory]
    [InlineData("10")]
    [InlineData("12")]
    public async Task A_room_whose_rows_name_events_from_before_the_join_becomes_whole(string version)
    {
        var room = await CrowdAsync(version);
        await JoinAsync(room);
        await ExchangeAsync(room, Bob, "since");
        await PageBackAsync(room, 100);
        var noted = (await _remote.Storage.PartialRooms.GetAsync(room))!.Events;
        Assert.Equal(2, noted.Count);
        _remote.Forget();
        var unit = new WriteUnit(await _remote.Storage.AcquireFenceAsync("room:" + room));
        var index = noted.Count;
        foreach (var row in (await _remote.HistoryAsync(room)).Where(e => !noted.Contains(e.EventId)).Reverse())
            _remote.Storage.PartialRooms.AddEvent(unit, room, row.EventId, index++);
        await _remote.Storage.CommitAsync(unit);
        Assert.True(await _remote.FillAsync(room));
        await AssertSameAsync(room);
        Assert.Null(await _remote.Storage.PartialRooms.GetAsync(room));
    }

    private static RoomVersion RoomVersionOf(string id) => RoomVersion.TryGet(id, out var version) ? version : throw new ArgumentException(id);

    private async Task<string> CrowdAsync(string version)
    {
        var room = await _local.CreateAsync(version);
        foreach (var user in new[] { Bob, Carol, "@dan:local" })
            Assert.True((await _local.MemberAsync(room, user, MembershipAction.Join)).Ok);
        return room;
    }

    private async Task<string> JoinAsync(string room, bool isPartial = true)
    {
        var joined = await _remote.MemberAsync(room, Zoe, MembershipAction.Join);
        Assert.True(joined.Ok, joined.Error?.Message);
        Assert.Equal(isPartial, await _remote.Storage.PartialRooms.GetAsync(room) is not null);
        return joined.Value;
    }

    private async Task ExchangeAsync(string room, string sender, string text)
    {
        Assert.True((await _local.SendAsync(room, sender, text)).Ok);
        await GiveLatestAsync(room);
    }

    private async Task GiveLatestAsync(string room)
    {
        foreach (var id in (await _local.Storage.Rooms.GetAsync(room))!.Extremities)
        {
            await StoreAuthAsync(id);
            Assert.Equal(PduVerdict.Accepted, await GiveAsync(_local, _remote, room, id));
        }
    }

    private static async Task<PduVerdict> GiveAsync(RoomHarness from, RoomHarness to, string room, string eventId)
    {
        var pdu = (await from.EventAsync(eventId)).Json;
        return (await to.RunAsync(
            room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(from.Server.Name.Value), [pdu])))).Value.Pdus.Single().Verdict;
    }

    /// <summary>Fills all gaps with what the other server has, some events at once, with the state before the oldest of them.</summary>
    private async Task PageBackAsync(string room, int atOnce)
    {
        var all = (await _local.HistoryAsync(room)).ToList();
        while (await _remote.Storage.Events.FindGapAsync(room, HistoryOrder.Start, HistoryOrder.End, Direction.Backward) is { } anchor)
        {
            var edges = await _remote.Storage.Events.BackwardExtremitiesAsync(room, anchor, 50);
            var end = all.FindIndex(e => e.EventId == edges.Single()) + 1;
            var some = all[Math.Max(0, end - atOnce)..end];
            string[] state = [.. (await _local.StateAtAsync(some[0].StateBefore!.Value)).Values];
            foreach (var id in state)
            {
                await StoreAuthAsync(id);
                await StoreAsync(id);
            }

            foreach (var row in some)
                await StoreAuthAsync(row.EventId);
            var received = await _remote.RunAsync(room, r => ReceiveHistory.RunAsync(r, new HistoricPdus(
                ServerName.Parse("local"), anchor, [.. some.Select(e => e.Json)], [new StateAtEvent(some[0].EventId, [.. state])], IsLastTry: true)));
            Assert.True(received.Ok && received.Value.IsProgress, received.Error?.Message);
        }
    }

    // What event_auth brings: the member events that an event names.
    private async Task StoreAuthAsync(string eventId)
    {
        foreach (var id in Json(await _local.EventAsync(eventId)).GetProperty("auth_events").EnumerateArray())
            await StoreAsync(id.GetString()!);
    }

    private async Task StoreAsync(string eventId)
    {
        var row = await _local.EventAsync(eventId);
        await _remote.RunAsync(row.RoomId, r => ReceiveOutliers.RunAsync(r, new RemotePdus(ServerName.Parse("local"), [row.Json])));
    }

    private async Task AssertSameAsync(string room)
    {
        Assert.Equal(await _local.StateAsync(room), await _remote.StateAsync(room));
        Assert.Equal((await _local.Storage.Rooms.GetAsync(room))!.State, (await _remote.Storage.Rooms.GetAsync(room))!.State);
        Assert.Equal(await MembersAsync(_local, room), await MembersAsync(_remote, room));
        Assert.Equal(await _local.Storage.Memberships.ServersAsync(room), await _remote.Storage.Memberships.ServersAsync(room));
        Assert.Equal((await _local.Storage.Rooms.GetSummaryAsync(room))!.JoinedMembers, (await _remote.Storage.Rooms.GetSummaryAsync(room))!.JoinedMembers);
        foreach (var row in await _remote.HistoryAsync(room))
            Assert.Equal((await _local.EventAsync(row.EventId)).StateBefore, row.StateBefore);
    }

    private static async Task<List<(string, string, string)>> MembersAsync(RoomHarness silo, string room) =>
        [.. (await silo.Storage.Memberships.OfRoomAsync(room, null)).Select(m => (m.UserId, m.Membership, m.EventId)).Order()];
}
