using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Invites of users of other servers (S-S API, Inviting to a room).</summary>
public sealed class RemoteInviteTests
{
    private const string Profile = "GET /_matrix/federation/v1/query/profile";

    [Fact]
    public async Task A_server_that_does_not_tell_the_invited_users_profile_holds_the_invite_up_for_three_seconds()
    {
        var clock = new TestClock(TimeProvider.System.GetUtcNow());
        await using var peer = await Peer.StartAsync();
        await using var server = new FederatingServer { Clock = clock };
        await server.InitializeAsync();
        using var gate = new ManualResetEventSlim();
        peer.On(Profile, _ =>
        {
            gate.Wait(TestContext.Current.CancellationToken);
            return new Answer(200, """{"displayname":"Late"}""");
        });
        SignInvites(peer);
        var anna = await server.RegisterAsync("anna");
        var room = await anna.CreateRoomAsync("""{"preset":"private_chat","room_version":"11"}""");
        var invite = anna.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/invite", $$"""{"user_id":"{{peer.UserId("zoe")}}"}""");
        while (!peer.Asked.Any(line => line.StartsWith(Profile, StringComparison.Ordinal)))
            await Task.Delay(5, TestContext.Current.CancellationToken);
        Assert.False(invite.IsCompleted);

        // The wait may begin a moment after the peer is asked, but never takes as long as a request may.
        for (var seconds = 0; seconds < 6 && !invite.IsCompleted; seconds++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(invite, Task.Delay(300, TestContext.Current.CancellationToken));
        }

        Assert.True(invite.IsCompleted);
        gate.Set();
        (await invite).Ok();
        var member = (await anna.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.member/{Uri.EscapeDataString(peer.UserId("zoe"))}")).Ok();
        Assert.Equal("invite", member["membership"]!.GetValue<string>());
        Assert.Null(member["displayname"]);
    }

    [Fact]
    public async Task Whose_member_event_the_client_writes_is_not_asked_about()
    {
        await using var peer = await Peer.StartAsync();
        await using var server = new FederatingServer();
        await server.InitializeAsync();
        peer.On(Profile, static _ => new Answer(200, """{"displayname":"Zoe"}"""));
        SignInvites(peer);
        var anna = await server.RegisterAsync("anna");
        var room = await anna.CreateRoomAsync("""{"preset":"private_chat","room_version":"11"}""");
        var member = $"v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.member/{Uri.EscapeDataString(peer.UserId("zoe"))}";
        (await anna.PutAsync(member, """{"membership":"invite","displayname":"As Anna has it"}""")).Ok();
        Assert.Equal("As Anna has it", (await anna.GetAsync(member)).Ok("displayname"));
        Assert.DoesNotContain(peer.Asked, static line => line.StartsWith(Profile, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_new_room_invites_users_of_servers_that_answer_beside_those_of_one_that_does_not()
    {
        await using var peer = await Peer.StartAsync();
        await using var slow = await Peer.StartAsync();
        await using var server = new FederatingServer();
        await server.InitializeAsync();
        using var gate = new ManualResetEventSlim();
        SignInvites(peer);
        slow.On("PUT /_matrix/federation/v2/invite/", _ =>
        {
            gate.Wait(TestContext.Current.CancellationToken);
            return new Answer(403, """{"errcode":"M_FORBIDDEN","error":"no"}""");
        });
        var anna = await server.RegisterAsync("anna");
        var creation = anna.PostAsync(
            "v3/createRoom", $$"""{"preset":"private_chat","room_version":"11","invite":["{{slow.UserId("slow")}}","{{peer.UserId("zoe")}}"]}""");
        while (!peer.Asked.Any(line => line.StartsWith("PUT /_matrix/federation/v2/invite/", StringComparison.Ordinal)))
            await Task.Delay(5, TestContext.Current.CancellationToken);
        Assert.False(creation.IsCompleted);
        gate.Set();
        var room = (await creation).Ok("room_id");
        var members = (await anna.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/members")).Ok()["chunk"]!.AsArray()
            .Select(e => e!["state_key"]!.GetValue<string>()).Order();
        Assert.Equal(new[] { anna.UserId, peer.UserId("zoe") }.Order(), members);
    }

    [Fact]
    public async Task Nobody_of_another_server_is_invited_into_a_room_that_is_not_federated()
    {
        await using var peer = await Peer.StartAsync();
        await using var server = new FederatingServer();
        await server.InitializeAsync();
        SignInvites(peer);
        var anna = await server.RegisterAsync("anna");
        var zoe = peer.UserId("zoe");
        var room = await anna.CreateRoomAsync(
            $$$"""{"preset":"private_chat","room_version":"11","creation_content":{"m.federate":false},"invite":["{{{zoe}}}"]}""");
        (await anna.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/invite", $$"""{"user_id":"{{zoe}}"}""")).Fails(403, "M_FORBIDDEN");
        (await anna.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.member/{Uri.EscapeDataString(zoe)}", """{"membership":"invite"}"""))
            .Fails(403, "M_FORBIDDEN");
        Assert.DoesNotContain(peer.Asked, static line => line.Contains("/invite/", StringComparison.Ordinal));
        var bob = await server.RegisterAsync("bob");
        (await anna.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/invite", $$"""{"user_id":"{{bob.UserId}}"}""")).Ok();
    }

    private static void SignInvites(Peer peer) => peer.On("PUT /_matrix/federation/v2/invite/", request =>
    {
        Assert.True(Pdu.Parse(Encoding.UTF8.GetBytes(request.Json["event"]!.ToJsonString()), RoomVersion.V11).TryGet(out var invite, out _));
        return new JsonObject { ["event"] = PeerRoom.Node(EventSignatures.Sign(invite, peer.Name, peer.Key)) };
    });
}
