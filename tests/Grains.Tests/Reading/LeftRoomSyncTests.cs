using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Tests.Reading;

/// <summary>What a sync tells those who are not in the room: who left it, was banned from it, or was only invited.</summary>
public sealed class LeftRoomSyncTests
{
    private const string A = "@a:x", B = "@b:x", C = "@c:x";

    [Fact]
    public async Task A_left_room_is_told_up_to_the_leaving()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        var since = (await server.SyncAsync(B)).Next();
        await room.SendAsync(A, "before");
        await room.LeaveAsync(B);
        await room.SendAsync(A, "after");
        var sync = await server.SyncAsync(B, since);
        Assert.Null(sync.Joined(room.Id));
        Assert.Equal(["before", "m.room.member"], sync.At("rooms", "leave", room.Id).Events("timeline").Bodies());
        Assert.Null((await server.SyncAsync(B, sync.Next())).At("rooms", "leave"));
        Assert.Null((await server.SyncAsync(B)).At("rooms", "leave"));
        var all = await server.SyncAsync(B, filter: """{"room":{"include_leave":true}}""");
        Assert.Equal(["before", "m.room.member"], all.At("rooms", "leave", room.Id).Events("timeline").Bodies()[^2..]);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(null, true)]
    [InlineData("""{"room":{"timeline":{"limit":1}}}""", false)]
    [InlineData("""{"room":{"timeline":{"limit":0}}}""", false)]
    [InlineData("""{"room":{"timeline":{"types":["m.room.message"]}}}""", false)]
    [InlineData("""{"room":{"timeline":{"limit":1},"state":{"lazy_load_members":true}}}""", true)]
    public async Task Who_left_and_was_banned_later_has_the_state_of_when_it_left(string? filter, bool stateAfter)
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        await room.SetAsync(A, "m.room.topic", "", """{"topic":"old"}""");
        var joined = (await server.SyncAsync(B)).Next();
        await room.LeaveAsync(B);
        var left = (await server.SyncAsync(B, joined, filter, stateAfter: stateAfter)).Next();
        await room.SetAsync(A, "m.room.topic", "", """{"topic":"secret"}""");
        await room.JoinAsync(C);
        await room.SendAsync(C, "secret");
        var ban = await room.MemberAsync(A, B, "ban");
        await room.SetAsync(A, "m.room.topic", "", """{"topic":"more"}""");

        foreach (var since in new[] { joined, left })
        {
            var told = (await server.SyncAsync(B, since, filter, stateAfter: stateAfter)).At("rooms", "leave", room.Id);
            var text = told!.Value.GetRawText();
            Assert.DoesNotContain("secret", text);
            Assert.DoesNotContain(C, text);
            Assert.DoesNotContain("more", text);
            var own = told.Events("state_after").Where(e => e.At("state_key")?.GetString() == B);
            Assert.Equal(stateAfter ? [ban] : [], own.Select(e => e.GetProperty("event_id").GetString()));
            Assert.Contains(ban, text);
        }
    }

    [Fact]
    public async Task Who_is_not_in_the_room_any_more_is_told_neither_receipts_nor_typing_by_the_old_endpoints()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        await room.JoinAsync(C);
        var sent = await room.SendAsync(A, "m1");
        Assert.Contains("m.receipt", await ReadAsync());
        await room.LeaveAsync(B);
        Assert.DoesNotContain("m.receipt", await ReadAsync());
        await room.MemberAsync(A, B, "ban");
        Assert.DoesNotContain("m.receipt", await ReadAsync());

        // Both endpoints in one text: a receipt since the token, and all receipts.
        async Task<string> ReadAsync()
        {
            var since = (await server.SyncAsync(A)).Next();
            await room.SendAsync(A, "next");
            sent = await room.SendAsync(A, "m");
            await server.Receipts(C).SetAsync(new Abstractions.User.ReceiptToSet(RoomId.Parse(room.Id), "m.read", EventId.Parse(sent), null));
            var viewer = new Abstractions.Requester(Protocol.Identifiers.UserId.Parse(B), "D");
            var events = await Grains.User.Sync.OldSync.EventsAsync(
                server.State(B), new Abstractions.User.OldEventsRequest(viewer, since, room.Id, 0), CancellationToken.None);
            var reader = (await Grains.Room.Reading.RoomReader.OpenAsync(server.Read, room.Id, viewer)).Value;
            var initial = await Grains.Room.Reading.InitialSyncRead.RoomAsync(reader, 5);
            return System.Text.Encoding.UTF8.GetString(events.Value.Span) + System.Text.Encoding.UTF8.GetString(initial.Value.Span);
        }
    }

    [Fact]
    public async Task Invites_are_told_with_stripped_state_but_not_those_of_ignored_users()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var since = (await server.SyncAsync(B)).Next();
        await room.MemberAsync(A, B, "invite");
        var sync = await server.SyncAsync(B, since);
        Assert.Equal(["m.room.member|@b:x"], sync.At("rooms", "invite", room.Id).Events("invite_state").Keys());
        await server.AccountData(B).SetAsync("", "m.ignored_user_list", """{"ignored_users":{"@a:x":{}}}"""u8.ToArray());
        Assert.Null((await server.SyncAsync(B, since)).At("rooms", "invite"));
    }

    [Fact]
    public async Task A_refused_invite_tells_nothing_of_the_room_but_the_refusal()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.MemberAsync(A, B, "invite");
        var since = (await server.SyncAsync(B)).Next();
        await room.SendAsync(A, "secret");
        await room.LeaveAsync(B);
        var left = (await server.SyncAsync(B, since)).At("rooms", "leave", room.Id);
        Assert.Equal(["m.room.member"], left.Events("timeline").Bodies());
        Assert.Empty(left.Events("state"));
    }

    [Fact]
    public async Task A_refused_invite_of_a_room_that_this_server_is_not_in_is_told_as_left()
    {
        await using var server = await ReadServer.StartAsync();
        await PutAsync("invite");
        var since = (await server.SyncAsync(B)).Next();
        await PutAsync("leave");
        Assert.Empty((await server.SyncAsync(B, since)).At("rooms", "leave", "!far:y").Events("timeline"));

        async Task PutAsync(string membership)
        {
            var unit = new Storage.WriteUnit();
            var row = new Storage.MembershipRow("!far:y", B, membership, "@z:y", "$e", 0, "[]"u8.ToArray(), false, null, null);
            server.Storage.Memberships.Put(unit, row, unit.NextPosition(Storage.ChangeKind.Membership, B));
            await server.Storage.CommitAsync(unit);
        }
    }
}
