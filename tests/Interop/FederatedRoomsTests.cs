using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Interop;

/// <summary>
/// What happens to rooms between two servers, each a process with TLS of its own, as two clients that were not written here do and see it: bans, upgrades,
/// leaving and coming back, knocks, restricted rooms, new devices.
/// </summary>
public sealed class FederatedRoomsTests
{
    [Theory(Timeout = 180_000)]
    [InlineData("js", "nio")]
    [InlineData("nio", "js")]
    public async Task Clients_of_two_servers_share_rooms_of_all_kinds(string first, string second)
    {
        using var folder = new TemporaryFolder();
        using var one = new TemporaryFolder();
        using var two = new TemporaryFolder();
        var authority = new TestAuthority(folder.Path);
        await using var alice = ClientProcess.Start(first);
        await using var bob = ClientProcess.Start(second);
        await using var phone = ClientProcess.Start(second);
        await using var here = await SiloProcess.StartFederatingAsync(one.Path, authority);
        await using var there = await SiloProcess.StartFederatingAsync(two.Path, authority);
        await RegisterAsync(alice, "alice", here);
        await RegisterAsync(bob, "bob", there);
        var pair = new Pair(alice, bob, $"@bob:{there.ServerName}", here.ServerName);
        var plaza = await pair.ShareAsync();
        await pair.BanAsync(plaza);
        await pair.LeaveAsync(plaza);
        await pair.UpgradeAsync(plaza);
        await pair.KnockAsync();
        await pair.RestrictAsync();
        await pair.AddDeviceAsync(phone, there);
    }

    private static JsonObject Account(string name, SiloProcess silo) =>
        new() { ["url"] = silo.Url.ToString().TrimEnd('/'), ["username"] = name, ["password"] = "a long password" };

    private static async Task RegisterAsync(ClientProcess client, string name, SiloProcess silo)
    {
        await client.DoAsync("register", Account(name, silo));
        await client.DoAsync("login", Account(name, silo));
    }

    /// <summary>Alice has the rooms, Bob comes to them from the other server.</summary>
    private sealed class Pair(ClientProcess alice, ClientProcess bob, string bobId, string via)
    {
        /// <summary>A public room.</summary>
        public async Task<string> ShareAsync()
        {
            var room = await CreateAsync(new JsonObject { ["preset"] = "public_chat", ["name"] = "Plaza", ["room_version"] = "11" });
            await JoinAsync(room);
            return room;
        }

        public async Task BanAsync(string room)
        {
            await alice.DoAsync("ban", Bob(room));
            await BobIsAsync(room, "ban");
            await bob.FailsAsync("join", "M_FORBIDDEN", Via(room));
            await alice.DoAsync("unban", Bob(room));
            await JoinAsync(room);
        }

        public async Task LeaveAsync(string room)
        {
            await bob.DoAsync("leave", new JsonObject { ["room_id"] = room });
            await alice.WaitForAsync(Member(room, "leave"));
            await JoinAsync(room);
        }

        public async Task UpgradeAsync(string room)
        {
            var replacement = Text(await alice.DoAsync("upgrade", new JsonObject { ["room_id"] = room, ["version"] = "12" }), "replacement_room");
            await bob.WaitForAsync(
                new JsonObject
                {
                    ["kind"] = "event",
                    ["room_id"] = room,
                    ["type"] = "m.room.tombstone",
                    ["content"] = new JsonObject { ["replacement_room"] = replacement }
                });
            await JoinAsync(replacement);
        }

        public async Task KnockAsync()
        {
            var room = await CreateAsync(
                new JsonObject
                {
                    ["preset"] = "private_chat",
                    ["name"] = "Office",
                    ["initial_state"] = new JsonArray(JoinRules(new JsonObject { ["join_rule"] = "knock" }))
                });
            await bob.FailsAsync("join", "M_FORBIDDEN", Via(room));
            await bob.DoAsync("knock", Via(room));
            await alice.WaitForAsync(Member(room, "knock"));
            await alice.DoAsync("invite", Bob(room));
            await bob.WaitForAsync(new JsonObject { ["kind"] = "membership", ["room_id"] = room, ["membership"] = "invite" });
            await JoinAsync(room);
        }

        public async Task RestrictAsync()
        {
            var space = await CreateAsync(
                new JsonObject { ["preset"] = "public_chat", ["name"] = "Club", ["creation_content"] = new JsonObject { ["type"] = "m.space" } });
            var rule = new JsonObject
            {
                ["join_rule"] = "restricted",
                ["allow"] = new JsonArray(new JsonObject { ["type"] = "m.room_membership", ["room_id"] = space })
            };
            var room = await CreateAsync(
                new JsonObject { ["preset"] = "private_chat", ["name"] = "Members' room", ["initial_state"] = new JsonArray(JoinRules(rule)) });
            await alice.DoAsync("set_state",
                new JsonObject
                {
                    ["room_id"] = space,
                    ["type"] = "m.space.child",
                    ["state_key"] = room,
                    ["content"] = new JsonObject { ["via"] = new JsonArray(via) }
                });
            await bob.FailsAsync("join", "M_FORBIDDEN", Via(room));
            await bob.DoAsync("join", Via(space));
            await JoinAsync(room);
        }

        /// <summary>Alice's client learns of a new device of Bob's in time to encrypt for it.</summary>
        public async Task AddDeviceAsync(ClientProcess phone, SiloProcess there)
        {
            var room = Text(await alice.DoAsync("create_room", new JsonObject { ["invite"] = new JsonArray(bobId), ["encrypted"] = true }), "room_id");
            await bob.WaitForAsync(new JsonObject { ["kind"] = "membership", ["room_id"] = room, ["membership"] = "invite" });
            await bob.DoAsync("join", new JsonObject { ["room_id"] = room, ["via"] = new JsonArray() });
            await alice.WaitForAsync(Member(room, "join"));
            await alice.DoAsync("encrypted", new JsonObject { ["room_id"] = room });
            await SeesAsync(alice, bob, room, "for one device");

            var device = Text(await phone.DoAsync("login", Account("bob", there)), "device_id");
            await phone.DoAsync("encrypted", new JsonObject { ["room_id"] = room });
            await alice.DoAsync("device", new JsonObject { ["user_id"] = bobId, ["device_id"] = device });
            var seen = await SeesAsync(alice, phone, room, "for both devices");
            Assert.True(seen["encrypted"]!.GetValue<bool>());
        }

        private async Task<string> CreateAsync(JsonObject options) => Text(await alice.DoAsync("create", new JsonObject { ["options"] = options }), "room_id");

        // Bob comes in and both hear each other.
        private async Task JoinAsync(string room)
        {
            await bob.DoAsync("join", Via(room));
            await SeesAsync(bob, alice, room, "here I am");
            await SeesAsync(alice, bob, room, "welcome");
        }

        private async Task BobIsAsync(string room, string membership)
        {
            for (var tries = 0; ; tries++)
            {
                var content = await bob.DoAsync("state", new JsonObject { ["room_id"] = room, ["type"] = "m.room.member", ["state_key"] = bobId });
                if (Text(content, "membership") == membership)
                    return;
                Assert.True(tries < 200, $"Bob's server has him as {content.ToJsonString()}");
                await Task.Delay(50);
            }
        }

        private static async Task<JsonNode> SeesAsync(ClientProcess from, ClientProcess to, string room, string text)
        {
            var content = new JsonObject { ["msgtype"] = "m.text", ["body"] = text };
            var id = Text(await from.DoAsync("send", new JsonObject { ["room_id"] = room, ["type"] = "m.room.message", ["content"] = content }), "event_id");
            var seen = await to.WaitForAsync(new JsonObject { ["kind"] = "event", ["event_id"] = id, ["type"] = "m.room.message" });
            Assert.Equal(text, Text(seen["content"]!, "body"));
            return seen;
        }

        private JsonObject Bob(string room) => new() { ["room_id"] = room, ["user_id"] = bobId };

        private JsonObject Via(string room) => new() { ["room_id"] = room, ["via"] = new JsonArray(via) };

        private JsonObject Member(string room, string membership) => new()
        {
            ["kind"] = "event",
            ["room_id"] = room,
            ["type"] = "m.room.member",
            ["sender"] = bobId,
            ["content"] = new JsonObject { ["membership"] = membership },
        };

        private static JsonObject JoinRules(JsonObject content) => new() { ["type"] = "m.room.join_rules", ["state_key"] = "", ["content"] = content };
    }

    private static string Text(JsonNode node, string member) => node[member]!.GetValue<string>();
}
