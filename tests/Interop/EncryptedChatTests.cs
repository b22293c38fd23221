using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Interop;

/// <summary>Two users on two clients that were not written here talk through one server or two; every assertion is on what the other side saw.</summary>
public sealed class EncryptedChatTests
{
    [Theory(Timeout = 180_000)]
    [InlineData("js", "nio")]
    [InlineData("nio", "js")]
    public async Task Clients_talk_in_an_encrypted_room(string creator, string joiner)
    {
        using var data = new TemporaryFolder();
        await using var alice = ClientProcess.Start(creator);
        await using var bob = ClientProcess.Start(joiner);
        await using var silo = await SiloProcess.StartAsync(data.Path, database: "");
        await TalkAsync(alice, silo, bob, silo);
    }

    [Theory(Timeout = 180_000)]
    [InlineData("js", "nio")]
    [InlineData("nio", "js")]
    public async Task Clients_of_two_servers_talk_in_an_encrypted_room(string creator, string joiner)
    {
        using var folder = new TemporaryFolder();
        using var one = new TemporaryFolder();
        using var two = new TemporaryFolder();
        var authority = new TestAuthority(folder.Path);
        await using var alice = ClientProcess.Start(creator);
        await using var bob = ClientProcess.Start(joiner);
        await using var here = await SiloProcess.StartFederatingAsync(one.Path, authority);
        await using var there = await SiloProcess.StartFederatingAsync(two.Path, authority);
        await TalkAsync(alice, here, bob, there);
    }

    private static async Task TalkAsync(ClientProcess alice, SiloProcess here, ClientProcess bob, SiloProcess there)
    {
        var (aliceId, bobId) = ($"@alice:{here.ServerName}", $"@bob:{there.ServerName}");
        foreach (var (client, name, silo) in new[] { (alice, "alice", here), (bob, "bob", there) })
        {
            var account = new JsonObject { ["url"] = silo.Url.ToString().TrimEnd('/'), ["username"] = name, ["password"] = "a long password" };
            await client.DoAsync("register", account);
            await client.DoAsync("login", account);
        }

        // Alice invites, Bob sees the invite and joins, Alice sees him.
        var room = Text(await alice.DoAsync("create_room", new JsonObject { ["invite"] = new JsonArray(bobId), ["encrypted"] = true }), "room_id");
        await bob.WaitForAsync(new JsonObject { ["kind"] = "membership", ["room_id"] = room, ["membership"] = "invite" });
        await bob.DoAsync("join", new JsonObject { ["room_id"] = room });
        await alice.WaitForAsync(
            new JsonObject { ["kind"] = "event", ["type"] = "m.room.member", ["sender"] = bobId, ["content"] = new JsonObject { ["membership"] = "join" } });
        await alice.DoAsync("encrypted", new JsonObject { ["room_id"] = room });
        await bob.DoAsync("encrypted", new JsonObject { ["room_id"] = room });

        // Messages both ways, decrypted on the other side.
        var fromAlice = await SendAsync(alice, room, "m.room.message", Message("hello from alice ☃"));
        var atBob = await bob.WaitForAsync(new JsonObject { ["kind"] = "event", ["event_id"] = fromAlice });
        Assert.True(atBob["encrypted"]!.GetValue<bool>());
        Assert.Equal("hello from alice ☃", Text(atBob["content"]!, "body"));
        var fromBob = await SendAsync(bob, room, "m.room.message", Message("hello from bob"));
        var atAlice = await alice.WaitForAsync(new JsonObject { ["kind"] = "event", ["event_id"] = fromBob, ["type"] = "m.room.message" });
        Assert.True(atAlice["encrypted"]!.GetValue<bool>());
        Assert.Equal("hello from bob", Text(atAlice["content"]!, "body"));

        // Typing and receipts both ways.
        await bob.DoAsync("typing", new JsonObject { ["room_id"] = room, ["typing"] = true });
        await alice.WaitForAsync(new JsonObject { ["kind"] = "typing", ["user_id"] = bobId, ["typing"] = true });
        await alice.DoAsync("typing", new JsonObject { ["room_id"] = room, ["typing"] = true });
        await bob.WaitForAsync(new JsonObject { ["kind"] = "typing", ["user_id"] = aliceId });
        await bob.DoAsync("receipt", new JsonObject { ["room_id"] = room, ["event_id"] = fromAlice });
        await alice.WaitForAsync(new JsonObject { ["kind"] = "receipt", ["event_id"] = fromAlice, ["user_id"] = bobId, ["type"] = "m.read" });
        await alice.DoAsync("receipt", new JsonObject { ["room_id"] = room, ["event_id"] = fromBob });
        await bob.WaitForAsync(new JsonObject { ["kind"] = "receipt", ["event_id"] = fromBob, ["user_id"] = aliceId });

        // An edit and a reaction.
        var edit = await SendAsync(alice, room, "m.room.message", new JsonObject
        {
            ["msgtype"] = "m.text",
            ["body"] = "* edited",
            ["m.new_content"] = Message("edited"),
            ["m.relates_to"] = new JsonObject { ["rel_type"] = "m.replace", ["event_id"] = fromAlice },
        });
        var editAtBob = await bob.WaitForAsync(new JsonObject { ["kind"] = "event", ["event_id"] = edit });
        Assert.Equal("edited", Text(editAtBob["content"]!["m.new_content"]!, "body"));
        await SendAsync(bob, room, "m.reaction",
            new JsonObject { ["m.relates_to"] = new JsonObject { ["rel_type"] = "m.annotation", ["event_id"] = fromAlice, ["key"] = "👍" } });
        await alice.WaitForAsync(
            new JsonObject
            {
                ["kind"] = "event",
                ["type"] = "m.reaction",
                ["relation"] = new JsonObject { ["rel_type"] = "m.annotation", ["event_id"] = fromAlice, ["key"] = "👍" }
            });

        // A file, up by one and down by the other, both ways.
        var file = Text(await alice.DoAsync("upload", new JsonObject { ["text"] = "a file from alice" }), "content_uri");
        Assert.Equal("a file from alice", Text(await bob.DoAsync("download", new JsonObject { ["content_uri"] = file }), "text"));
        file = Text(await bob.DoAsync("upload", new JsonObject { ["text"] = "a file from bob" }), "content_uri");
        var downloaded = await alice.DoAsync("download", new JsonObject { ["content_uri"] = file });
        Assert.Equal("a file from bob", Text(downloaded, "text"));
        Assert.StartsWith("text/plain", Text(downloaded, "content_type"), StringComparison.Ordinal);

        // A redaction.
        await alice.DoAsync("redact", new JsonObject { ["room_id"] = room, ["event_id"] = fromAlice });
        await bob.WaitForAsync(new JsonObject { ["kind"] = "redaction", ["redacts"] = fromAlice, ["sender"] = aliceId });

        // Logged out: the tokens are dead.
        Assert.Equal(401, (await alice.DoAsync("logout"))["whoami_status"]!.GetValue<int>());
        Assert.Equal(401, (await bob.DoAsync("logout"))["whoami_status"]!.GetValue<int>());
    }

    private static JsonObject Message(string body) => new() { ["msgtype"] = "m.text", ["body"] = body };

    private static async Task<string> SendAsync(ClientProcess client, string room, string type, JsonObject content) =>
        Text(await client.DoAsync("send", new JsonObject { ["room_id"] = room, ["type"] = type, ["content"] = content }), "event_id");

    private static string Text(JsonNode node, string member) => node[member]!.GetValue<string>();
}
