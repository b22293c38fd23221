using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;
using static OrleansMatrix.Grains.Tests.Room.RemoteServer;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Room;

public sealed class TwoServerTests : IAsyncLifetime
{
    private RoomHarness _local = null!;
    private RoomHarness _remote = null!;

    public async ValueTask InitializeAsync()
    {
        _local = await RoomHarness.StartAsync();
        _remote = await RoomHarness.StartAsync(clock: _local.Clock, name: Name);
        _local.Remote = new DirectRooms(_local, _remote);
        _remote.Remote = new DirectRooms(_remote, _local);
        var unit = new WriteUnit();
        _remote.Storage.Accounts.Create(unit, new AccountRow(Zoe, null, false, false, false, false, false, null, 0));
        await _remote.Storage.CommitAsync(unit);
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
    public async Task A_join_by_federation_gives_both_servers_the_same_room(string version)
    {
        var room = await _local.CreateAsync(version);
        await _local.SetStateAsync(room, Alice, "m.room.topic", "", """{"topic":"t"}""");
        var joined = await _remote.MemberAsync(room, Zoe, MembershipAction.Join);
        Assert.True(joined.Ok, joined.Error?.Message);
        Assert.Equal(await _local.StateAsync(room), await _remote.StateAsync(room));
        Assert.Equal((await _local.Storage.Rooms.GetAsync(room))!.State, (await _remote.Storage.Rooms.GetAsync(room))!.State);
        Assert.Equal(["@alice:local", Zoe], (await _remote.Storage.Memberships.OfRoomAsync(room, "join")).Select(m => m.UserId).Order());
        Assert.Equal(("t", 2),
            ((await _remote.Storage.Rooms.GetSummaryAsync(room))!.Topic, (await _remote.Storage.Rooms.GetSummaryAsync(room))!.JoinedMembers));

        var said = (await _remote.SendAsync(room, Zoe, "hello")).Value;
        var pdu = (await _remote.EventAsync(said)).Json;
        Assert.Equal(said, (await _remote.Storage.Outbox.QueuedAsync("local", 0, 10)).Single(o => o.Kind == OutboxKind.Pdu).EventId);
        var verdict = await _local.RunAsync(room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [pdu])));
        Assert.Equal(PduVerdict.Accepted, verdict.Value.Pdus.Single().Verdict);
        Assert.Equal([said], (await _local.Storage.Rooms.GetAsync(room))!.Extremities);
    }

    [Fact]
    public async Task An_invite_reaches_a_user_of_another_server_who_may_reject_or_accept_it()
    {
        var room = await _local.CreateAsync("12", "private_chat");
        Assert.Equal(ErrCodes.Forbidden, (await _remote.MemberAsync(room, Zoe, MembershipAction.Join)).Error!.ErrCode);
        var invited = await _local.MemberAsync(room, Alice, MembershipAction.Invite, Zoe);
        Assert.True(invited.Ok, invited.Error?.Message);
        var row = (await _remote.Storage.Memberships.GetAsync(room, Zoe))!;
        Assert.Equal(("invite", Alice, invited.Value), (row.Membership, row.Sender, row.EventId));
        Assert.NotNull(row.Stripped);
        Assert.Equal(2, Json(await _local.EventAsync(invited.Value)).GetProperty("signatures").EnumerateObject().Count());

        Assert.True((await _remote.MemberAsync(room, Zoe, MembershipAction.Leave)).Ok);
        Assert.Equal("leave", (await _remote.Storage.Memberships.GetAsync(room, Zoe))!.Membership);
        Assert.Equal("leave", (await _local.Storage.Memberships.GetAsync(room, Zoe))!.Membership);

        Assert.True((await _local.MemberAsync(room, Alice, MembershipAction.Invite, Zoe)).Ok);
        Assert.True((await _remote.MemberAsync(room, Zoe, MembershipAction.Join)).Ok);
        Assert.Equal("join", (await _local.Storage.Memberships.GetAsync(room, Zoe))!.Membership);
    }

    [Fact]
    public async Task A_user_of_another_server_who_does_not_exist_hears_of_no_invite_and_who_blocks_invites_gets_none()
    {
        var room = await _local.CreateAsync();
        Assert.True((await _local.MemberAsync(room, Alice, MembershipAction.Invite, Yan)).Ok);
        Assert.Null(await _remote.Storage.Memberships.GetAsync(room, Yan));
        var unit = new WriteUnit();
        _remote.Storage.AccountData.Put(unit, new AccountDataRow(Zoe, "", "m.invite_permission_config", Utf8("""{"default_action":"block"}"""), 0),
            unit.NextPosition(ChangeKind.AccountData, Zoe));
        await _remote.Storage.CommitAsync(unit);
        Assert.Equal(ErrCodes.InviteBlocked, (await _local.MemberAsync(room, Alice, MembershipAction.Invite, Zoe)).Error!.ErrCode);
        Assert.Null(await _local.Storage.Memberships.GetAsync(room, Zoe));
    }

    [Fact]
    public async Task A_restricted_join_from_another_server_is_let_in_with_this_servers_signature()
    {
        var space = await _local.CreateAsync();
        var room = await _local.CreateAsync("12", "private_chat", new StateDraft("m.room.join_rules", "", Utf8(
            $$"""{"join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":"{{space}}"}]}""")));
        Assert.Equal(ErrCodes.Forbidden, (await _remote.MemberAsync(room, Zoe, MembershipAction.Join)).Error!.ErrCode);
        Assert.True((await _remote.MemberAsync(space, Zoe, MembershipAction.Join)).Ok);
        var joined = await _remote.MemberAsync(room, Zoe, MembershipAction.Join);
        Assert.True(joined.Ok, joined.Error?.Message);
        var json = Json(await _remote.EventAsync(joined.Value));
        Assert.Equal(["local", Name], json.GetProperty("signatures").EnumerateObject().Select(p => p.Name).Order());
        Assert.Equal(Alice, json.GetProperty("content").GetProperty("join_authorised_via_users_server").GetString());
    }

    [Fact]
    public async Task A_knock_goes_through_the_resident_server()
    {
        var room = await _local.CreateAsync("12", "private_chat", new StateDraft("m.room.join_rules", "", Utf8("""{"join_rule":"knock"}""")));
        Assert.True((await _remote.MemberAsync(room, Zoe, MembershipAction.Knock)).Ok);
        Assert.Equal("knock", (await _local.Storage.Memberships.GetAsync(room, Zoe))!.Membership);
        Assert.NotNull((await _remote.Storage.Memberships.GetAsync(room, Zoe))!.Stripped);
    }

    [Fact]
    public async Task Templates_are_for_users_of_the_asking_server_in_rooms_and_versions_that_are_known()
    {
        var room = await _local.CreateAsync();
        Assert.Equal(ErrCodes.Forbidden, (await MakeAsync(room, Alice, ["12"])).ErrCode);
        var error = await MakeAsync(room, Zoe, ["11"]);
        Assert.Equal(ErrCodes.IncompatibleRoomVersion, error.ErrCode);
        Assert.Equal(ErrCodes.NotFound, (await MakeAsync("!nowhere:local", Zoe, ["12"])).ErrCode);
        await _local.SetStateAsync(room, Alice, "m.room.server_acl", "", """{"allow":["local"]}""");
        Assert.Equal(ErrCodes.Forbidden, (await MakeAsync(room, Zoe, ["12"])).ErrCode);
    }

    [Fact]
    public async Task After_leaving_and_joining_again_the_room_is_as_the_resident_server_has_it()
    {
        var room = await _local.CreateAsync();
        Assert.True((await _remote.MemberAsync(room, Zoe, MembershipAction.Join)).Ok);
        var left = (await _remote.MemberAsync(room, Zoe, MembershipAction.Leave)).Value;
        var pdu = (await _remote.EventAsync(left)).Json;
        Assert.Equal(PduVerdict.Accepted,
            (await _local.RunAsync(room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [pdu])))).Value.Pdus[0].Verdict);
        await _local.SetStateAsync(room, Alice, "m.room.topic", "", """{"topic":"missed"}""");
        Assert.True((await _remote.MemberAsync(room, Zoe, MembershipAction.Join)).Ok);
        Assert.Equal(await _local.StateAsync(room), await _remote.StateAsync(room));
        Assert.Equal("missed", (await _remote.Storage.Rooms.GetSummaryAsync(room))!.Topic);
        Assert.True((await _remote.SendAsync(room, Zoe, "back")).Ok);
    }

    private async Task<MatrixError> MakeAsync(string room, string user, string[] versions) => (await _local.RunAsync(room, r => MakeMembership.RunAsync(
        r, new MembershipTemplateRequest(ServerName.Parse(Name), UserId.Parse(user), Membership.Join, [.. versions])))).Error!;
}
