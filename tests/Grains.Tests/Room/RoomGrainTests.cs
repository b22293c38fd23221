using System.Text.Json;
using Orleans.TestingHost;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Room;

/// <summary>Rooms as callers see them: through grains, on a silo of Orleans' test cluster.</summary>
public sealed class RoomGrainTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private IStorage _storage = null!;
    private InProcessTestCluster _cluster = null!;

    private IGrainFactory Grains => _cluster.Client;

    public async ValueTask InitializeAsync()
    {
        _storage = await TestStorage.OpenAsync(_folder, _clock);
        _cluster = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(null, null, "invite", "can_join")]
    [InlineData(null, "public", "public", "forbidden")]
    [InlineData("private_chat", "public", "invite", "can_join")]
    [InlineData("trusted_private_chat", null, "invite", "can_join")]
    [InlineData("public_chat", null, "public", "forbidden")]
    public async Task Presets_set_the_rules(string? preset, string? visibility, string joinRule, string guestAccess)
    {
        var room = (await CreateAsync(Request() with { Preset = preset, Visibility = visibility, Name = "N", Topic = "T", Invites = [Bob] })).Value;
        var summary = (await _storage.Rooms.GetSummaryAsync(room))!;
        Assert.Equal(("N", "T", joinRule, guestAccess == "can_join", 1),
            (summary.Name, summary.Topic, summary.JoinRule, summary.GuestCanJoin, summary.JoinedMembers));
        Assert.Equal(visibility == "public", await _storage.Rooms.IsPublicAsync(room));
        Assert.Equal("invite", (await _storage.Memberships.GetAsync(room, Bob))!.Membership);
        var create = await ContentAsync(room, "m.room.create");
        Assert.Equal("12", create.GetProperty("room_version").GetString());
        Assert.Equal(preset == "trusted_private_chat", create.TryGetProperty("additional_creators", out _));
    }

    [Fact]
    public async Task Before_room_version_12_invited_users_of_a_trusted_chat_get_the_creators_level()
    {
        var room = (await CreateAsync(Request() with { Preset = "trusted_private_chat", RoomVersion = "10", Invites = [Bob] })).Value;
        var users = (await ContentAsync(room, "m.room.power_levels")).GetProperty("users");
        Assert.Equal((100, 100), (users.GetProperty(Alice).GetInt32(), users.GetProperty(Bob).GetInt32()));
    }

    [Fact]
    public async Task What_the_request_says_comes_after_the_preset_and_wins()
    {
        var room = (await CreateAsync(Request() with
        {
            Preset = "public_chat",
            Name = "by name",
            CreationContent = Utf8("""{"type":"m.space","creator":"@mallory:evil","room_version":"1","m.federate":false}"""),
            PowerLevels = Utf8("""{"invite":77,"extra":true}"""),
            InitialState = [new("m.room.join_rules", "", Utf8("""{"join_rule":"knock"}""")), new("m.room.name", "", Utf8("""{"name":"by state"}""")),
            new("x", "y", Utf8("""{"z":1}"""))],
        })).Value;
        var summary = (await _storage.Rooms.GetSummaryAsync(room))!;
        Assert.Equal(("by name", "knock", "m.space"), (summary.Name, summary.JoinRule, summary.RoomType));
        var create = await ContentAsync(room, "m.room.create");
        Assert.Equal("""{"m.federate":false,"room_version":"12","type":"m.space"}""", create.GetRawText());
        var levels = await ContentAsync(room, "m.room.power_levels");
        Assert.Equal((77, true, 150),
            (levels.GetProperty("invite").GetInt32(), levels.GetProperty("extra").GetBoolean(), levels.GetProperty("events").GetProperty("m.room.tombstone")
            .GetInt32()));
    }

    [Fact]
    public async Task Requests_that_cannot_be_met_make_no_room()
    {
        Assert.Equal(ErrCodes.UnsupportedRoomVersion, await ErrorAsync(Request() with { RoomVersion = "13" }));
        Assert.Equal(ErrCodes.InvalidParam, await ErrorAsync(Request() with { Preset = "nice_chat" }));
        Assert.Equal(ErrCodes.InvalidParam, await ErrorAsync(Request() with { Invites = ["bob"] }));
        Assert.Equal(ErrCodes.InvalidParam, await ErrorAsync(Request() with { AliasLocalpart = "a:b" }));
        Assert.Equal(ErrCodes.ThreepidMediumNotSupported, await ErrorAsync(Request() with { InvitesByThirdPartyId = 1 }));
        Assert.Equal(ErrCodes.InvalidRoomState, await ErrorAsync(Request() with { PowerLevels = Utf8("""{"users":{"@alice:local":100}}""") }));
        Assert.Equal(ErrCodes.InvalidRoomState,
            await ErrorAsync(Request() with { RoomVersion = "11", PowerLevels = Utf8("""{"users":{}}"""), Name = "too high" }));
        Assert.Empty(await _storage.Memberships.OfUserAsync(Alice));
    }

    [Fact]
    public async Task An_alias_is_taken_with_the_room_or_not_at_all()
    {
        var room = (await CreateAsync(Request() with { AliasLocalpart = "here" })).Value;
        Assert.Equal(room, (await Grains.GetGrain<IRoomAliasGrain>("#here:local").Resolve()).Value.RoomId);
        Assert.Equal("#here:local", (await _storage.Rooms.GetSummaryAsync(room))!.CanonicalAlias);
        Assert.Equal(ErrCodes.RoomInUse, await ErrorAsync(Request() with { AliasLocalpart = "here" }));
        Assert.Single(await _storage.Memberships.OfUserAsync(Alice));
    }

    [Fact]
    public async Task Rooms_made_at_the_same_moment_are_different_rooms()
    {
        var rooms = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => CreateAsync(Request())));
        Assert.Equal(5, rooms.Select(r => r.Value).Distinct().Count());
    }

    [Fact]
    public async Task A_canonical_alias_must_point_to_the_room_unless_it_was_there_before()
    {
        var room = (await CreateAsync(Request() with { AliasLocalpart = "mine" })).Value;
        await CreateAsync(Request() with { AliasLocalpart = "other" });
        Assert.Equal(ErrCodes.BadAlias, await SetAsync("""{"alias":"#other:local"}"""));
        Assert.Equal(ErrCodes.BadAlias, await SetAsync("""{"alias":"#mine:local","alt_aliases":["#nobody:local"]}"""));
        Assert.Equal(ErrCodes.InvalidParam, await SetAsync("""{"alias":"no alias"}"""));
        Assert.Equal(ErrCodes.InvalidParam, await SetAsync("""{"alt_aliases":"x"}"""));
        Assert.Null(await SetAsync("""{"alt_aliases":["#mine:local"]}"""));
        Assert.Null(await SetAsync("{}"));

        async Task<string?> SetAsync(string content) =>
            (await Grains.GetGrain<IRoomGrain>(room)
                .SetState(new StateToSet(new Requester(UserId.Parse(Alice), "D"), "m.room.canonical_alias", "", Utf8(content)))).Error?.ErrCode;
    }

    [Theory]
    [InlineData("11", "12")]
    [InlineData("12", "11")]
    [InlineData("12", "12")]
    public async Task An_upgrade_closes_the_old_room_and_moves_what_belongs_to_it(string from, string to)
    {
        var old = (await CreateAsync(Request() with { RoomVersion = from, AliasLocalpart = "moving", Name = "N", Visibility = "public" })).Value;
        var grain = Grains.GetGrain<IRoomGrain>(old);
        await grain.ChangeMembership(new MembershipChange(new Requester(UserId.Parse(Alice), "D"), MembershipAction.Ban, Carol));
        Assert.Equal(ErrCodes.Forbidden, (await grain.Upgrade(new RoomUpgrade(new Requester(UserId.Parse(Bob), "D"), to))).Error!.ErrCode);
        Assert.Equal(ErrCodes.UnsupportedRoomVersion, (await grain.Upgrade(new RoomUpgrade(new Requester(UserId.Parse(Alice), "D"), "x"))).Error!.ErrCode);
        var upgraded = await grain.Upgrade(new RoomUpgrade(new Requester(UserId.Parse(Alice), "D"), to));
        Assert.True(upgraded.Ok, upgraded.Error?.Message);
        var room = upgraded.Value;

        Assert.Equal(room, (await ContentAsync(old, "m.room.tombstone")).GetProperty("replacement_room").GetString());
        var create = await ContentAsync(room, "m.room.create");
        Assert.Equal(old, create.GetProperty("predecessor").GetProperty("room_id").GetString());
        Assert.Equal(to == "11", create.GetProperty("predecessor").TryGetProperty("event_id", out var closing));
        if (to == "11")
            Assert.Equal("m.room.tombstone", (await _storage.Events.GetAsync(closing.GetString()!))!.Type);
        Assert.Equal(room, (await Grains.GetGrain<IRoomAliasGrain>("#moving:local").Resolve()).Value.RoomId);
        var summary = (await _storage.Rooms.GetSummaryAsync(room))!;
        Assert.Equal(("N", "#moving:local", "public"), (summary.Name, summary.CanonicalAlias, summary.JoinRule));
        Assert.Equal((false, true), (await _storage.Rooms.IsPublicAsync(old), await _storage.Rooms.IsPublicAsync(room)));
        Assert.Equal("ban", (await _storage.Memberships.GetAsync(room, Carol))!.Membership);
        Assert.Equal(50, (await ContentAsync(old, "m.room.power_levels")).GetProperty("events_default").GetInt32());
        Assert.True(await Grains.GetGrain<IRoomGrain>(room).CanSendState(UserId.Parse(Alice), "m.room.power_levels"));
    }

    [Fact]
    public async Task Typing_ends_by_itself()
    {
        var room = (await CreateAsync(Request())).Value;
        var grain = Grains.GetGrain<IRoomGrain>(room);
        Assert.Equal(ErrCodes.Forbidden, (await grain.SetTyping(new TypingNotice(UserId.Parse(Bob), true, 5000))).Error!.ErrCode);
        Assert.True((await grain.SetTyping(new TypingNotice(UserId.Parse(Alice), true, 5000))).Ok);
        Assert.Equal([Alice], (await TypingAsync(room)).Users.Keys);
        var before = (await TypingAsync(room)).Position;
        _clock.Advance(TimeSpan.FromSeconds(6));
        // The timer's commit is on its way; a call that comes after it waits for it.
        await grain.SetTyping(new TypingNotice(UserId.Parse(Alice), false, 0));
        await _storage.Feed.WaitForAsync(before + 1, TestContext.Current.CancellationToken);
        Assert.Empty((await TypingAsync(room)).Users);
    }

    [Fact]
    public async Task A_guest_leaves_when_the_room_takes_no_guests_any_more()
    {
        var unit = new WriteUnit();
        _storage.Accounts.Create(unit, new AccountRow(Bob, null, false, true, false, false, false, null, 0));
        await _storage.CommitAsync(unit);
        var room = (await CreateAsync(Request() with { Preset = "private_chat", Invites = [Bob] })).Value;
        var grain = Grains.GetGrain<IRoomGrain>(room);
        Assert.True((await grain.ChangeMembership(new MembershipChange(new Requester(UserId.Parse(Bob), "D", IsGuest: true), MembershipAction.Join, Bob))).Ok);
        await grain.SetState(new StateToSet(new Requester(UserId.Parse(Alice), "D"), "m.room.guest_access", "", Utf8("""{"guest_access":"forbidden"}""")));
        Assert.Equal("leave", (await _storage.Memberships.GetAsync(room, Bob))!.Membership);
    }

    [Fact]
    public async Task Member_events_by_the_state_endpoint_follow_the_rules_of_the_membership_endpoints()
    {
        var room = (await CreateAsync(Request() with { Preset = "public_chat" })).Value;
        Assert.Null(await SetAsync(Bob, Bob, """{"membership":"join","displayname":"Bobby"}"""));
        Assert.Equal("Bobby", (await _storage.Memberships.GetAsync(room, Bob))!.DisplayName);
        Assert.Equal(ErrCodes.Forbidden, await SetAsync(Alice, Alice, """{"membership":"invite"}"""));
        Assert.Equal(ErrCodes.Forbidden, await SetAsync(Alice, Carol, """{"membership":"leave"}"""));
        Assert.Equal(ErrCodes.Forbidden, await SetAsync(Alice, Carol, """{"membership":"join"}"""));
        Assert.Equal(ErrCodes.BadJson, await SetAsync(Alice, Carol, """{"membership":"wizard"}"""));
        Assert.Equal(ErrCodes.BadJson, await SetAsync(Alice, Carol, "{}"));
        Assert.Null(await SetAsync(Alice, Bob, """{"membership":"ban"}"""));
        Assert.Null(await SetAsync(Alice, Bob, """{"membership":"leave"}"""));

        async Task<string?> SetAsync(string sender, string target, string content) =>
            (await Grains.GetGrain<IRoomGrain>(room)
                .SetState(new StateToSet(new Requester(UserId.Parse(sender), "D"), "m.room.member", target, Utf8(content)))).Error?.ErrCode;
    }

    [Fact]
    public async Task Suspended_users_may_leave_and_take_back_what_they_said_and_no_more()
    {
        var room = (await CreateAsync(Request() with { Preset = "public_chat" })).Value;
        var grain = Grains.GetGrain<IRoomGrain>(room);
        var bob = new Requester(UserId.Parse(Bob), "D");
        var suspended = bob with { Suspended = true };
        await grain.ChangeMembership(new MembershipChange(bob, MembershipAction.Join, Bob));
        var message = (await grain.Send(new EventToSend(bob, "m.room.message", Utf8("{}"), "1"))).Value;
        Assert.Equal(ErrCodes.UserSuspended, (await grain.Send(new EventToSend(suspended, "m.room.message", Utf8("{}"), "2"))).Error!.ErrCode);
        Assert.Equal(ErrCodes.UserSuspended, (await grain.SetState(new StateToSet(suspended, "x", "", Utf8("{}")))).Error!.ErrCode);
        Assert.Equal(ErrCodes.UserSuspended, (await grain.ChangeMembership(new MembershipChange(suspended, MembershipAction.Invite, Carol))).Error!.ErrCode);
        Assert.True((await grain.Redact(new EventToRedact(suspended, message, null, "3"))).Ok);
        Assert.True((await grain.ChangeMembership(new MembershipChange(suspended, MembershipAction.Leave, Bob))).Ok);
    }

    private static RoomRequest Request() => new(new Requester(UserId.Parse(Alice), "D"), null, null, null, null, null, null, [], 0, false, null, null, []);

    private Task<Outcome<string>> CreateAsync(RoomRequest request) => Grains.GetGrain<IRoomFactoryGrain>(Alice).Create(request);

    private async Task<string?> ErrorAsync(RoomRequest request) => (await CreateAsync(request)).Error?.ErrCode;

    private async Task<TypingRow> TypingAsync(string room) => (await _storage.Ephemeral.TypingChangedAsync([room], 0, long.MaxValue)).Single();

    private async Task<JsonElement> ContentAsync(string room, string type)
    {
        var row = (await _storage.Rooms.GetAsync(room))!;
        var id = await new OrleansMatrix.Grains.Room.State.StateMap(new OrleansMatrix.Grains.Room.State.StateNodeCache(_storage.StateNodes))
            .GetAsync(row.State, type, "");
        return Json((await _storage.Events.GetAsync(id!))!).GetProperty("content");
    }
}
