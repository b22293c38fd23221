using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>What seldom happens between servers: one of these before each schedule, while nothing is cut.</summary>
internal sealed class Occasions(Course course, Random random)
{
    private const string V1 = "/_matrix/federation/v1/";
    private static readonly SigningKey s_identity = SigningKey.FromSeed("0", [.. Enumerable.Repeat((byte)7, 32)]);

    private LocalSide Local => course.Local;

    private PeerSide Honest => course.Peers[0];

    private PeerServer Peer => Honest.Peer;

    public Task RunAsync(int seed) => (seed % 11) switch
    {
        0 => OpenIdAsync(),
        1 => MediaAsync(),
        2 => InviteByAddressAsync(),
        3 => BindAddressAsync(),
        4 => OldInvitesAsync(),
        5 => PolicyAsync(),
        6 => NotaryAsync(),
        7 => RestrictedAsync(),
        8 => LookAsync(),
        9 when course.Peers[1].IsHonest => AuthEventsAsync(),
        _ => UpgradeAsync(),
    };

    private async Task OpenIdAsync()
    {
        var token = (await Local.AskAsync(Local.Speaker, "POST", $"v3/user/{Uri.EscapeDataString(Local.Speaker)}/openid/request_token", [])).Ok("access_token");
        var info = await Peer.AskAsync(Local.Server, "GET", $"{V1}openid/userinfo?access_token={Uri.EscapeDataString(token)}");
        Assert.Equal(Local.Speaker, info.Ok("sub"));
        (await Peer.AskAsync(Local.Server, "GET", "/.well-known/matrix/server")).Ok();
        Assert.Equal(404, (await Peer.AskAsync(Local.Server, "GET", $"{V1}query/org.example.unknown")).Status);
        var alias = ISide.AliasOf(await Local.CreateRoomAsync(Pick(), "public", [Local.Speaker]), Local.Server);
        (await Peer.AskAsync(Local.Server, "GET", $"{V1}query/directory?room_alias={Uri.EscapeDataString(alias)}")).Ok();
    }

    private async Task MediaAsync()
    {
        var mediaId = await Local.UploadAsync();
        var file = await Peer.AskAsync(Local.Server, "GET", $"{V1}media/download/{mediaId}");
        Assert.Contains("image/png", file.Text, StringComparison.Ordinal);
        var thumbnail = await Peer.AskAsync(Local.Server, "GET", $"{V1}media/thumbnail/{mediaId}?width=8&height=8&method=crop");
        Assert.True(thumbnail.Status == 200, thumbnail.Text);
        foreach (var peer in course.Peers.Where(static p => p.IsHonest))
            Assert.Equal("file", (await Local.AskAsync(Local.Speaker, "GET", $"v1/media/download/{peer.Server}/a")).Text);
    }

    /// <summary>The owner of an address that was invited is of another server, which asks the room's.</summary>
    private async Task InviteByAddressAsync()
    {
        var room = await Local.CreateRoomAsync(Pick(), "invite", [Local.Speaker]);
        await InviteAddressAsync(Local, room);
        var body = new JsonObject
        {
            ["type"] = "m.room.member",
            ["room_id"] = room,
            ["sender"] = Local.Speaker,
            ["state_key"] = Honest.Other,
            ["content"] = new JsonObject
            {
                ["membership"] = "invite",
                ["third_party_invite"] = new JsonObject { ["display_name"] = "a", ["signed"] = Signed(Honest.Other) },
            },
        };
        (await Peer.AskAsync(Local.Server, "PUT", $"{V1}exchange_third_party_invite/{Uri.EscapeDataString(room)}", body.ToJsonString())).Ok();
        course.Notes.SideRooms.Enqueue(new SideRoom(room, Local, Honest, false));
    }

    /// <summary>The owner of an address that was invited is of this server, which hears of it and asks the room's.</summary>
    private async Task BindAddressAsync()
    {
        var room = await Honest.CreateRoomAsync(Pick(), "invite", [Honest.Speaker]);
        await InviteAddressAsync(Honest, room);
        var invite = new JsonObject
        {
            ["medium"] = "email",
            ["address"] = "b@x",
            ["mxid"] = Local.Other,
            ["room_id"] = room,
            ["sender"] = Honest.Speaker,
            ["signed"] = Signed(Local.Other),
        };
        var body = new JsonObject { ["medium"] = "email", ["address"] = "b@x", ["mxid"] = Local.Other, ["invites"] = new JsonArray(invite) };
        (await Peer.AskAsync(Local.Server, "PUT", $"{V1}3pid/onbind", body.ToJsonString())).Ok();
        course.Notes.SideRooms.Enqueue(new SideRoom(room, Honest, Local, false));
    }

    /// <summary>Rooms of the first version, for whose invites servers have an endpoint of their own.</summary>
    private async Task OldInvitesAsync()
    {
        await using var server = await PeerServer.StartAsync(course.Authority, Local.Server, course.Network, Character.Old, random.Next());
        var old = new PeerSide(server);
        var oldest = await Local.CreateRoomAsync("1", "invite", [Local.Speaker]);
        Assert.Equal(Done.Yes, await Local.SetMemberAsync(Local.Speaker, oldest, old.Other, "invite"));
        Assert.Equal("invite", await old.MembershipAsync(old.Other, oldest));
        course.Count(server);
        foreach (var (owner, guest) in new (ISide, ISide)[] { (Honest, Local), (Local, Honest) })
        {
            var room = new SideRoom(await owner.CreateRoomAsync("1", "invite", [owner.Speaker]), owner, guest, false);
            Assert.Equal(Done.Yes, await owner.SetMemberAsync(owner.Speaker, room.Id, room.User, "invite"));
            course.Notes.SideRooms.Enqueue(room);
        }
    }

    /// <summary>Each of two servers watches a room of the other.</summary>
    private async Task PolicyAsync()
    {
        var room = await Local.CreateRoomAsync(Pick(), "public", [Local.Speaker, Honest.Speaker]);
        Assert.Equal(Done.Yes, await Honest.JoinAsync(Honest.Speaker, room, Local.Server));
        await SetPolicyAsync(Local, room, Honest.Server, Peer.PolicyKey.VerifyKey.ToBase64());
        Assert.NotNull(await Local.SayAsync(Local.Speaker, room, "watched"));
        var own = (await Peer.AskAsync(Local.Server, "GET", "/.well-known/matrix/policy_server")).Ok()["public_keys"]!["ed25519"]!.GetValue<string>();
        var other = await Local.CreateRoomAsync(Pick(), "public", [Local.Speaker]);
        Assert.Equal(Done.Yes, await Honest.JoinAsync(Honest.Speaker, other, Local.Server));
        await SetPolicyAsync(Local, other, Local.Server, own);
        Protocol.Events.Pdu draft;
        lock (Peer.Gate)
            draft = Peer.Acts.Draft(Peer.Rooms[other], Honest.Speaker, "m.room.message", null, new JsonObject { ["msgtype"] = "m.text", ["body"] = "watched" });
        (await Peer.AskAsync(Local.Server, "POST", "/_matrix/policy/v1/sign", Encoding.UTF8.GetString(draft.Json.Span))).Ok();
    }

    /// <summary>A server that is not reached itself comes in: its keys are known by another one.</summary>
    private async Task NotaryAsync()
    {
        await using var hidden = await PeerServer.StartAsync(course.Authority, Local.Server, course.Network, Character.Honest, random.Next());
        course.Notary.Vouched[hidden.Name] = new Answering.DirectoryAnswers(hidden).Own();
        course.Network.Set(Local.Server, hidden.Name, Cut.Refused);
        var side = new PeerSide(hidden);
        var room = await Local.CreateRoomAsync(Pick(), "public", [Local.Speaker]);
        Assert.Equal(Done.Yes, await side.JoinAsync(side.Speaker, room, Local.Server));
        course.Network.Heal();
        course.Count(hidden);
    }

    /// <summary>
    /// An event comes without those that allow it from a server that says of no gap what is in it, nor, the second time, what allows an event.
    /// </summary>
    private async Task AuthEventsAsync()
    {
        var sender = course.Peers[1];
        for (var times = 1; times <= 2; times++)
        {
            course.Network.Set(Honest.Server, Local.Server, Cut.Refused);
            var levels = await Honest.StateOfAsync(course.Room, "m.room.power_levels", "");
            levels!["ban"] = 50 - times;
            Assert.Equal(Done.Yes, await Honest.SetStateAsync(Honest.Speaker, course.Room, "m.room.power_levels", "", levels));
            await Ending.UntilAsync("levels", async () =>
                JsonNode.DeepEquals(await sender.StateOfAsync(course.Room, "m.room.power_levels", ""), levels) ? null : "the old ones");
            (sender.Peer.HidesGaps, sender.Peer.HidesAuthEvents) = (true, times == 2);
            var message = await sender.SayAsync(sender.Speaker, course.Room, "next");
            Notes.Add(course.Notes.Messages, sender.Speaker, message!);
            await Ending.UntilAsync("a message", async () =>
                (await Local.MessagesAsync(course.Room)).Exists(m => m.Id == message) ? null : $"no {message}");
            (sender.Peer.HidesGaps, sender.Peer.HidesAuthEvents) = (false, false);
            course.Network.Heal();
        }
    }

    /// <summary>Only who is in the room may come in, and not every server of it can say so.</summary>
    private async Task RestrictedAsync()
    {
        var version = course.Versions[^1];
        var allow = new JsonArray(new JsonObject { ["type"] = "m.room_membership", ["room_id"] = course.Room });
        foreach (var (owner, unable) in new (ISide, ISide)[] { (Honest, course.Peers[1]), (Local, course.Peers[1]) }.Where(static p => p.Item2.IsHonest))
        {
            var room = await owner.CreateRoomAsync(version, "public", [owner.Speaker]);
            var levels = await owner.StateOfAsync(room, "m.room.power_levels", "");
            levels!["invite"] = 50;
            Assert.Equal(Done.Yes, await owner.SetStateAsync(owner.Speaker, room, "m.room.power_levels", "", levels));
            Assert.Equal(Done.Yes, await unable.JoinAsync(unable.Speaker, room, owner.Server));
            var rules = new JsonObject { ["join_rule"] = "restricted", ["allow"] = allow.DeepClone() };
            Assert.Equal(Done.Yes, await owner.SetStateAsync(owner.Speaker, room, "m.room.join_rules", "", rules));
            await Ending.UntilAsync("the join rules", async () =>
                (await unable.StateOfAsync(room, "m.room.join_rules", ""))?["join_rule"]?.GetValue<string>() == "restricted" ? null : "the old ones");
            ISide comer = owner == Local ? Honest : Local;
            var via = owner == Local ? owner.Server : $"{unable.Server}&via={owner.Server}";
            Assert.Equal(Done.Yes, await comer.JoinAsync(comer.Speaker, room, via));
        }
    }

    /// <summary>Everything that servers ask each other for without changing anything.</summary>
    private async Task LookAsync()
    {
        foreach (var side in course.Sides)
        {
            foreach (var other in course.Sides.Where(s => s != side))
            {
                for (var kind = 0; kind < side.Looks; kind++)
                    await side.LookAsync(other, course.Room, kind, random);
            }
        }
    }

    /// <summary>A room gets a successor; whoever is not told of it stays in the old one.</summary>
    private async Task UpgradeAsync()
    {
        var room = await Local.CreateRoomAsync(course.Versions[0], "public", [Local.Speaker, Honest.Speaker]);
        Assert.Equal(Done.Yes, await Honest.JoinAsync(Honest.Speaker, room, Local.Server));
        var upgraded = await Local.AskAsync(
            Local.Speaker, "POST", $"v3/rooms/{Uri.EscapeDataString(room)}/upgrade", new JsonObject { ["new_version"] = course.Versions[^1] });
        Assert.Equal(Done.Yes, await Honest.JoinAsync(Honest.Speaker, upgraded.Ok("replacement_room"), Local.Server));
        foreach (var peer in course.Peers.Where(static p => p.IsHonest))
        {
            var old = await peer.CreateRoomAsync(course.Versions[0], "public", [peer.Speaker]);
            var successor = await peer.CreateRoomAsync(course.Versions[^1], "public", [peer.Speaker]);
            Assert.Equal(Done.Yes, await Local.JoinAsync(Local.Speaker, old, peer.Server));
            await peer.SetStateAsync(peer.Speaker, old, "m.room.tombstone", "", new JsonObject { ["body"] = "", ["replacement_room"] = successor });
            Assert.Equal(Done.Yes, await Local.JoinAsync(Local.Speaker, successor, peer.Server));
            Assert.NotNull(await Local.SayAsync(Local.Speaker, successor, "here"));
        }
    }

    private string Pick() => course.Versions[random.Next(course.Versions.Count)];

    private static async Task InviteAddressAsync(ISide side, string room) => Assert.Equal(Done.Yes, await side.SetStateAsync(
        side.Speaker, room, "m.room.third_party_invite", "token", new JsonObject { ["display_name"] = "a", ["public_key"] = s_identity.VerifyKey.ToBase64() }));

    private static async Task SetPolicyAsync(LocalSide side, string room, string via, string key) => Assert.Equal(Done.Yes, await side.SetStateAsync(
        side.Speaker, room, "m.room.policy", "", new JsonObject { ["via"] = via, ["public_keys"] = new JsonObject { ["ed25519"] = key } }));

    private static JsonNode Signed(string user)
    {
        var json = Encoding.UTF8.GetBytes(new JsonObject { ["mxid"] = user, ["token"] = "token", ["sender"] = "@a:x" }.ToJsonString());
        Assert.True(SignedJson.Sign(json, "is.test", s_identity, CanonicalJsonMode.Strict).TryGet(out var signed, out _));
        return JsonNode.Parse(signed)!;
    }
}
