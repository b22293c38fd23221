using System.Text.Json.Nodes;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>What local users send in a room does not wait for the members that its join left out, however long these take.</summary>
public sealed class PartialJoinSendTests
{
    [Fact]
    public async Task Nothing_that_is_sent_waits_for_the_members()
    {
        await using var scene = await PartialJoinScene.StartAsync();
        var bert = await scene.JoinAsync("bert");
        var berta = await scene.JoinAsync("berta");
        var rooms = scene.Rooms;
        var sent = new List<string> { await bert.SendTextAsync(scene.Hand.Room.RoomId, "hello") };
        sent.Add((await bert.PutAsync($"{rooms}/send/m.reaction/1", Relation("m.annotation", sent[0], "key", "+"))).Ok("event_id"));
        sent.Add((await bert.PutAsync($"{rooms}/send/m.room.message/2", Relation("m.thread", sent[0], "is_falling_back", "x"))).Ok("event_id"));
        sent.Add((await bert.PutAsync($"{rooms}/state/m.room.topic", """{"topic":"meanwhile"}""")).Ok("event_id"));
        var wrong = await bert.SendTextAsync(scene.Hand.Room.RoomId, "oops");
        sent.Add((await bert.PutAsync($"{rooms}/redact/{Uri.EscapeDataString(wrong)}/3")).Ok("event_id"));
        (await bert.PutAsync($"{rooms}/typing/{bert.UserId}", """{"typing":true,"timeout":30000}""")).Ok();
        (await bert.PostAsync($"{rooms}/receipt/m.read/{Uri.EscapeDataString(sent[0])}")).Ok();
        (await bert.PostAsync($"{rooms}/read_markers", $$"""{"m.fully_read":"{{sent[0]}}"}""")).Ok();
        (await bert.PutAsync($"v3/profile/{bert.UserId}/displayname", """{"displayname":"Bert"}""")).Ok();
        (await bert.PutAsync($"{rooms}/state/m.room.member/{bert.UserId}", """{"membership":"join","displayname":"Bertram"}""")).Ok();
        (await berta.PostAsync($"{rooms}/leave")).Ok();
        sent.Add(await bert.SendTextAsync(scene.Hand.Room.RoomId, "last"));

        // All of it was answered while the members were held back.
        Assert.Null((await scene.SyncAsync(bert)).Room);
        scene.LetMembersCome();
        Assert.Equal(PartialJoinScene.Members + 1, await scene.CountJoinedAsync(bert));
        var history = (await bert.GetAsync($"{rooms}/messages?dir=b&limit=50")).Ok()["chunk"]!.AsArray().Select(e => e!["event_id"]!.GetValue<string>());
        Assert.Empty(sent.Except(history));
        Assert.Equal("Bertram", (await bert.GetAsync($"{rooms}/state/m.room.member/{bert.UserId}")).Ok("displayname"));
        Assert.Equal("meanwhile", (await bert.GetAsync($"{rooms}/state/m.room.topic")).Ok("topic"));
        Assert.Equal("", scene.Server.Faults);
    }

    private static string Relation(string type, string eventId, string name, string value) => new JsonObject
    {
        ["body"] = "reply",
        ["msgtype"] = "m.text",
        ["m.relates_to"] = new JsonObject { ["rel_type"] = type, ["event_id"] = eventId, [name] = value },
    }.ToJsonString();
}
