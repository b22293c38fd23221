using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Interop;

/// <summary>Two users on two clients that were not written here talk through the server; every assertion is on what the other side saw.</summary>
public sealed class EncryptedChatTests
{
    [Fact(Timeout = 180_000)]
    public async Task Js_sdk_and_nio_talk_in_an_encrypted_room()
    {
        using var data = new TemporaryFolder();
        await using var js = ClientProcess.StartJs();
        await using var nio = ClientProcess.StartNio();
        await using var silo = await SiloProcess.StartAsync(data.Path, database: "");
        var url = silo.Url.ToString().TrimEnd('/');

        foreach (var (client, name) in new[] { (js, "alice"), (nio, "bob") })
        {
            var account = new JsonObject { ["url"] = url, ["username"] = name, ["password"] = "a long password" };
            await client.DoAsync("register", account);
            await client.DoAsync("login", account);
        }

        // Alice invites, Bob sees the invite and joins, Alice sees him.
        var room = Text(await js.DoAsync("create_room", new JsonObject { ["invite"] = new JsonArray("@bob:localhost"), ["encrypted"] = true }), "room_id");
        await nio.WaitForAsync(new JsonObject { ["kind"] = "membership", ["room_id"] = room, ["membership"] = "invite" });
        await nio.DoAsync("join", new JsonObject { ["room_id"] = room });
        await js.WaitForAsync(new JsonObject { ["kind"] = "event", ["type"] = "m.room.member", ["sender"] = "@bob:localhost", ["content"] = new JsonObject { ["membership"] = "join" } });
        await nio.DoAsync("encrypted", new JsonObject { ["room_id"] = room });

        // Messages both ways, decrypted on the other side.
        var fromAlice = await SendAsync(js, room, "m.room.message", Message("hello from the js-sdk ☃"));
        var atBob = await nio.WaitForAsync(new JsonObject { ["kind"] = "event", ["event_id"] = fromAlice });
        Assert.True(atBob["encrypted"]!.GetValue<bool>());
        Assert.Equal("hello from the js-sdk ☃", Text(atBob["content"]!, "body"));
        var fromBob = await SendAsync(nio, room, "m.room.message", Message("hello from nio"));
        var atAlice = await js.WaitForAsync(new JsonObject { ["kind"] = "event", ["event_id"] = fromBob, ["type"] = "m.room.message" });
        Assert.True(atAlice["encrypted"]!.GetValue<bool>());
        Assert.Equal("hello from nio", Text(atAlice["content"]!, "body"));

        // Typing and receipts both ways.
        await nio.DoAsync("typing", new JsonObject { ["room_id"] = room, ["typing"] = true });
        await js.WaitForAsync(new JsonObject { ["kind"] = "typing", ["user_id"] = "@bob:localhost", ["typing"] = true });
        await js.DoAsync("typing", new JsonObject { ["room_id"] = room, ["typing"] = true });
        await nio.WaitForAsync(new JsonObject { ["kind"] = "typing", ["user_id"] = "@alice:localhost" });
        await nio.DoAsync("receipt", new JsonObject { ["room_id"] = room, ["event_id"] = fromAlice });
        await js.WaitForAsync(new JsonObject { ["kind"] = "receipt", ["event_id"] = fromAlice, ["user_id"] = "@bob:localhost", ["type"] = "m.read" });
        await js.DoAsync("receipt", new JsonObject { ["room_id"] = room, ["event_id"] = fromBob });
        await nio.WaitForAsync(new JsonObject { ["kind"] = "receipt", ["event_id"] = fromBob, ["user_id"] = "@alice:localhost" });

        // An edit and a reaction.
        var edit = await SendAsync(js, room, "m.room.message", new JsonObject
        {
            ["msgtype"] = "m.text",
            ["body"] = "* edited",
            ["m.new_content"] = Message("edited"),
            ["m.relates_to"] = new JsonObject { ["rel_type"] = "m.replace", ["event_id"] = fromAlice },
        });
        var editAtBob = await nio.WaitForAsync(new JsonObject { ["kind"] = "event", ["event_id"] = edit });
        Assert.Equal("edited", Text(editAtBob["content"]!["m.new_content"]!, "body"));
        await SendAsync(nio, room, "m.reaction", new JsonObject { ["m.relates_to"] = new JsonObject { ["rel_type"] = "m.annotation", ["event_id"] = fromAlice, ["key"] = "👍" } });
        await js.WaitForAsync(new JsonObject { ["kind"] = "event", ["type"] = "m.reaction", ["relation"] = new JsonObject { ["rel_type"] = "m.annotation", ["event_id"] = fromAlice, ["key"] = "👍" } });

        // A file, up by one and down by the other, both ways.
        var file = Text(await js.DoAsync("upload", new JsonObject { ["text"] = "a file from js" }), "content_uri");
        Assert.Equal("a file from js", Text(await nio.DoAsync("download", new JsonObject { ["content_uri"] = file }), "text"));
        file = Text(await nio.DoAsync("upload", new JsonObject { ["text"] = "a file from nio" }), "content_uri");
        var downloaded = await js.DoAsync("download", new JsonObject { ["content_uri"] = file });
        Assert.Equal("a file from nio", Text(downloaded, "text"));
        Assert.StartsWith("text/plain", Text(downloaded, "content_type"), StringComparison.Ordinal);

        // A redaction.
        await js.DoAsync("redact", new JsonObject { ["room_id"] = room, ["event_id"] = fromAlice });
        await nio.WaitForAsync(new JsonObject { ["kind"] = "redaction", ["redacts"] = fromAlice, ["sender"] = "@alice:localhost" });

        // Logged out: the tokens are dead.
        Assert.Equal(401, (await js.DoAsync("logout"))["whoami_status"]!.GetValue<int>());
        Assert.Equal(401, (await nio.DoAsync("logout"))["whoami_status"]!.GetValue<int>());
    }

    private static JsonObject Message(string body) => new() { ["msgtype"] = "m.text", ["body"] = body };

    private static async Task<string> SendAsync(ClientProcess client, string room, string type, JsonObject content) =>
        Text(await client.DoAsync("send", new JsonObject { ["room_id"] = room, ["type"] = type, ["content"] = content }), "event_id");

    private static string Text(JsonNode node, string member) => node[member]!.GetValue<string>();
}
