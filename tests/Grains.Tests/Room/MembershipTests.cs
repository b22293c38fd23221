using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Room;

public class MembershipTests
{
    [Fact]
    public async Task Memberships_are_kept_beside_the_state_and_announced_to_local_users()
    {
        await using var silo = await RoomHarness.StartAsync();
        var changes = new List<Change>();
        silo.Storage.Feed.Subscribe(batch => { lock (changes) changes.AddRange(batch.Span); });
        var room = await silo.CreateAsync("12", "private_chat");
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(room, Bob, MembershipAction.Join)).Error!.ErrCode);
        var invite = await silo.MemberAsync(room, Alice, MembershipAction.Invite, Bob);
        var row = (await silo.Storage.Memberships.GetAsync(room, Bob))!;
        Assert.Equal(("invite", Alice, invite.Value, "b"), (row.Membership, row.Sender, row.EventId, row.DisplayName));
        var stripped = System.Text.Json.JsonDocument.Parse(row.Stripped!.Value).RootElement.EnumerateArray().Select(e => e.GetProperty("type").GetString());
        Assert.Equal(["m.room.create", "m.room.join_rules", "m.room.member", "m.room.member"], stripped);

        Assert.True((await silo.MemberAsync(room, Bob, MembershipAction.Join)).Ok);
        row = (await silo.Storage.Memberships.GetAsync(room, Bob))!;
        Assert.Equal("join", row.Membership);
        Assert.Null(row.Stripped);
        Assert.Equal(2, (await silo.Storage.Rooms.GetSummaryAsync(room))!.JoinedMembers);
        Assert.True((await silo.MemberAsync(room, Bob, MembershipAction.Leave)).Ok);
        Assert.Equal(1, (await silo.Storage.Rooms.GetSummaryAsync(room))!.JoinedMembers);
        await silo.Storage.Feed.WaitForAsync((await silo.Storage.Memberships.GetAsync(room, Bob))!.Position, TestContext.Current.CancellationToken);
        lock (changes)
            Assert.Equal(3, changes.Count(c => c is { Kind: ChangeKind.Membership, Key: Bob }));
    }

    [Fact]
    public async Task Joining_twice_is_one_event()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var first = await silo.MemberAsync(room, Bob, MembershipAction.Join);
        Assert.Equal(first.Value, (await silo.MemberAsync(room, Bob, MembershipAction.Join)).Value);
    }

    [Fact]
    public async Task Kicks_bans_and_unbans_take_power_and_the_right_membership()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        await silo.MemberAsync(room, Bob, MembershipAction.Join);
        await silo.MemberAsync(room, Carol, MembershipAction.Join);
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(room, Bob, MembershipAction.Kick, Carol)).Error!.ErrCode);
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(room, Bob, MembershipAction.Ban, Alice)).Error!.ErrCode);
        Assert.True((await silo.MemberAsync(room, Alice, MembershipAction.Kick, Carol)).Ok);
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(room, Alice, MembershipAction.Kick, Carol)).Error!.ErrCode);
        Assert.Equal(ErrCodes.BadState, (await silo.MemberAsync(room, Alice, MembershipAction.Unban, Carol)).Error!.ErrCode);
        Assert.True((await silo.MemberAsync(room, Alice, MembershipAction.Ban, Carol)).Ok);
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(room, Alice, MembershipAction.Kick, Carol)).Error!.ErrCode);
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(room, Carol, MembershipAction.Join)).Error!.ErrCode);
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(room, Alice, MembershipAction.Invite, Carol)).Error!.ErrCode);
        Assert.True((await silo.MemberAsync(room, Alice, MembershipAction.Unban, Carol)).Ok);
        Assert.True((await silo.MemberAsync(room, Carol, MembershipAction.Join)).Ok);
    }

    [Fact]
    public async Task One_cannot_invite_oneself_or_members_or_act_for_others()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        await silo.MemberAsync(room, Bob, MembershipAction.Join);
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(room, Alice, MembershipAction.Invite, Alice)).Error!.ErrCode);
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(room, Alice, MembershipAction.Invite, Bob)).Error!.ErrCode);
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(room, Alice, MembershipAction.Join, Carol)).Error!.ErrCode);
        Assert.Equal(ErrCodes.InvalidParam, (await silo.MemberAsync(room, Alice, MembershipAction.Invite, "nobody")).Error!.ErrCode);
    }

    [Fact]
    public async Task A_user_who_blocks_invites_gets_none()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var unit = new WriteUnit();
        silo.Storage.AccountData.Put(unit, new AccountDataRow(Bob, "", "m.invite_permission_config", Utf8("""{"default_action":"block"}"""), 0),
            unit.NextPosition(ChangeKind.AccountData, Bob));
        await silo.Storage.CommitAsync(unit);
        Assert.Equal(ErrCodes.InviteBlocked, (await silo.MemberAsync(room, Alice, MembershipAction.Invite, Bob)).Error!.ErrCode);
        Assert.True((await silo.MemberAsync(room, Alice, MembershipAction.Invite, Carol)).Ok);
    }

    [Fact]
    public async Task Guests_join_only_where_guests_may()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        Assert.Equal(ErrCodes.GuestAccessForbidden, (await silo.MemberAsync(room, Bob, MembershipAction.Join, guest: true)).Error!.ErrCode);
        await silo.SetStateAsync(room, Alice, "m.room.guest_access", "", """{"guest_access":"can_join"}""");
        Assert.True((await silo.MemberAsync(room, Bob, MembershipAction.Join, guest: true)).Ok);
    }

    [Theory]
    [InlineData("9", true)]
    [InlineData("12", true)]
    [InlineData("7", false)]
    public async Task A_restricted_room_lets_members_of_the_other_room_in(string version, bool isKnown)
    {
        await using var silo = await RoomHarness.StartAsync();
        var space = await silo.CreateAsync();
        var room = await silo.CreateAsync(version, "private_chat", new StateDraft("m.room.join_rules", "", Utf8(
            $$"""{"join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":"{{space}}"}]}""")));
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(room, Bob, MembershipAction.Join)).Error!.ErrCode);
        await silo.MemberAsync(space, Bob, MembershipAction.Join);
        var joined = await silo.MemberAsync(
            room, Bob, MembershipAction.Join, content: """{"membership":"join","join_authorised_via_users_server":"@mallory:evil"}""");
        Assert.Equal(isKnown, joined.Ok);
        if (isKnown)
            Assert.Equal(Alice, Json(await silo.EventAsync(joined.Value)).GetProperty("content").GetProperty("join_authorised_via_users_server").GetString());
    }

    [Fact]
    public async Task Knocks_wait_for_an_invite()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync("12", "private_chat", new StateDraft("m.room.join_rules", "", Utf8("""{"join_rule":"knock"}""")));
        Assert.True((await silo.MemberAsync(room, Bob, MembershipAction.Knock)).Ok);
        Assert.NotNull((await silo.Storage.Memberships.GetAsync(room, Bob))!.Stripped);
        Assert.False((await silo.MemberAsync(room, Bob, MembershipAction.Join)).Ok);
        Assert.True((await silo.MemberAsync(room, Alice, MembershipAction.Invite, Bob)).Ok);
        Assert.True((await silo.MemberAsync(room, Bob, MembershipAction.Join)).Ok);
        var closed = await silo.CreateAsync("12", "private_chat");
        Assert.Equal(ErrCodes.Forbidden, (await silo.MemberAsync(closed, Bob, MembershipAction.Knock)).Error!.ErrCode);
    }

    [Fact]
    public async Task A_room_can_be_forgotten_once_left()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        await silo.MemberAsync(room, Bob, MembershipAction.Join);
        Assert.Equal(ErrCodes.Unknown, (await silo.RunAsync(room, r => ForgetRoom.RunAsync(r, Bob))).Error!.ErrCode);
        await silo.MemberAsync(room, Bob, MembershipAction.Leave);
        Assert.True((await silo.RunAsync(room, r => ForgetRoom.RunAsync(r, Bob))).Ok);
        Assert.True((await silo.Storage.Memberships.GetAsync(room, Bob))!.Forgotten);
        Assert.Equal(ErrCodes.NotFound, (await silo.RunAsync(room, r => ForgetRoom.RunAsync(r, Carol))).Error!.ErrCode);
    }

    [Fact]
    public async Task A_new_profile_changes_the_member_event_once()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var profile = new MemberProfile(Alice, "Alice A.", "mxc://local/a");
        var first = await silo.RunAsync(room, r => UpdateProfile.RunAsync(r, profile));
        Assert.Equal(first.Value, (await silo.RunAsync(room, r => UpdateProfile.RunAsync(r, profile))).Value);
        Assert.Equal(("Alice A.", "mxc://local/a"),
            ((await silo.Storage.Memberships.GetAsync(room, Alice))!.DisplayName, (await silo.Storage.Memberships.GetAsync(room, Alice))!.AvatarUrl));
        Assert.False((await silo.RunAsync(room, r => UpdateProfile.RunAsync(r, new MemberProfile(Bob, "Bob", null)))).Ok);
    }

    [Fact]
    public async Task Redacting_a_member_event_takes_the_name_out_of_the_member_list()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var joined = await silo.MemberAsync(room, Bob, MembershipAction.Join);
        Assert.True((await silo.RedactAsync(room, Alice, joined.Value)).Ok);
        var row = (await silo.Storage.Memberships.GetAsync(room, Bob))!;
        Assert.Equal(("join", (string?)null), (row.Membership, row.DisplayName));
        Assert.True((await silo.SendAsync(room, Bob, "still here")).Ok);
    }

    [Fact]
    public async Task Redactions_follow_the_rules()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var other = await silo.CreateAsync();
        await silo.MemberAsync(room, Bob, MembershipAction.Join);
        await silo.MemberAsync(room, Carol, MembershipAction.Join);
        var message = (await silo.SendAsync(room, Bob, "x")).Value;
        Assert.Equal(ErrCodes.InvalidParam, (await silo.RedactAsync(other, Alice, message)).Error!.ErrCode);
        Assert.True((await silo.RedactAsync(room, Alice, "$nothing")).Ok);
        Assert.Equal(ErrCodes.Forbidden, (await silo.RedactAsync(room, Carol, message)).Error!.ErrCode);
        var first = await silo.RedactAsync(room, Bob, message, "t");
        Assert.Equal(first.Value, (await silo.RedactAsync(room, Bob, message, "t")).Value);
    }
}
