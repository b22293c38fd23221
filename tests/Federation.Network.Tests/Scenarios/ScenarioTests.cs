using System.Text.Json.Nodes;
using OrleansMatrix.Federation.Network.Tests.Support;
using static OrleansMatrix.Federation.Network.Tests.Support.NetworkClients;

namespace OrleansMatrix.Federation.Network.Tests.Scenarios;

/// <summary>What users of two and three servers do together in rooms.</summary>
public sealed class ScenarioTests(ThreeServers servers) : IClassFixture<ThreeServers>
{
    private NetworkServer One => servers.One;

    private NetworkServer Two => servers.Two;

    private NetworkServer Three => servers.Three;

    private TestNetwork Network => servers.Network;

    [Fact]
    public async Task Three_servers_chat_and_all_see_all()
    {
        var (anna, bert, carl) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"), await Three.RegisterAsync("carl"));
        var room = await anna.CreateRoomAsync($$"""{"preset":"private_chat","invite":["{{bert.UserId}}"]}""");
        await bert.JoinAsync(room);
        await Network.SettleAsync(servers.All);
        (await anna.PostAsync($"{RoomPath(room)}/invite", $$"""{"user_id":"{{carl.UserId}}"}""")).Ok();
        await carl.JoinAsync(room);
        foreach (var sender in new[] { anna, bert, carl })
        {
            var message = await sender.SendTextAsync(room, "hello");
            foreach (var reader in new[] { anna, bert, carl })
                await Network.SeesAsync(reader, room, message);
        }
    }

    [Fact]
    public async Task A_redaction_takes_the_content_away_everywhere()
    {
        var (anna, bert) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        await bert.JoinAsync(room, One);
        var message = await bert.SendTextAsync(room, "regretted");
        await Network.SeesAsync(anna, room, message);
        (await bert.PutAsync($"{RoomPath(room)}/redact/{Uri.EscapeDataString(message)}/1")).Ok();
        await Network.UntilAsync(
            async () => (await anna.GetAsync($"{RoomPath(room)}/event/{Uri.EscapeDataString(message)}")).Ok()["content"]!.AsObject().Count == 0,
            "the redaction");
    }

    [Fact]
    public async Task A_banned_user_is_out_on_every_server_and_can_come_back_after_the_ban()
    {
        var (anna, bert, carl) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"), await Three.RegisterAsync("carl"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        await bert.JoinAsync(room, One);
        await Network.SettleAsync(servers.All);
        await carl.JoinAsync(room, One);
        (await anna.PostAsync($"{RoomPath(room)}/ban", $$"""{"user_id":"{{bert.UserId}}","reason":"spam"}""")).Ok();
        await Network.SeesMemberAsync(carl, room, bert.UserId, "ban");
        await Network.UntilAsync(
            async () => (await bert.GetAsync("v3/joined_rooms")).Ok()["joined_rooms"]!.AsArray().All(r => r!.GetValue<string>() != room), "the ban");
        (await bert.PostAsync($"v3/join/{Uri.EscapeDataString(room)}?server_name={One.NameText}")).Fails(403, "M_FORBIDDEN");
        (await anna.PostAsync($"{RoomPath(room)}/unban", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
        await Network.SettleAsync(servers.All);
        await bert.JoinAsync(room, One);
        await Network.SeesMemberAsync(carl, room, bert.UserId, "join");
    }

    [Fact]
    public async Task An_upgraded_room_goes_on_in_its_replacement()
    {
        var (anna, bert) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat","room_version":"10"}""");
        await bert.JoinAsync(room, One);
        var replacement = (await anna.PostAsync($"{RoomPath(room)}/upgrade", """{"new_version":"12"}""")).Ok("replacement_room");
        await Network.UntilAsync(
            async () => await bert.GetAsync($"{RoomPath(room)}/state/m.room.tombstone") is { Status: 200 } found &&
            found.Ok("replacement_room") == replacement, "the tombstone");
        await bert.JoinAsync(replacement, One);
        await Network.SeesAsync(anna, replacement, await bert.SendTextAsync(replacement, "moved"));
    }

    [Fact]
    public async Task Who_leaves_and_comes_back_finds_what_is_new()
    {
        var (anna, bert) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat","name":"old"}""");
        await bert.JoinAsync(room, One);
        (await bert.PostAsync($"{RoomPath(room)}/leave")).Ok();
        await Network.SeesMemberAsync(anna, room, bert.UserId, "leave");
        await anna.SetStateAsync(room, "m.room.name", "", """{"name":"new"}""");
        await anna.SendTextAsync(room, "unheard");
        await bert.JoinAsync(room, One);
        Assert.Equal("new", (await bert.GetAsync($"{RoomPath(room)}/state/m.room.name")).Ok("name"));
        await Network.SeesMemberAsync(anna, room, bert.UserId, "join");
        await Network.SeesAsync(bert, room, await anna.SendTextAsync(room, "heard"));
        await Network.SeesAsync(anna, room, await bert.SendTextAsync(room, "back"));
        await Network.SettleAsync(servers.All);
        Assert.Equal((await RoomGraph.ReadAsync(One, room, [])).Extremities, (await RoomGraph.ReadAsync(Two, room, [])).Extremities);
    }

    [Fact]
    public async Task Typing_and_receipts_are_seen_on_the_other_server()
    {
        var (anna, bert) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        await bert.JoinAsync(room, One);
        var message = await anna.SendTextAsync(room, "read this");
        await Network.SeesAsync(bert, room, message);
        var since = await anna.NowAsync();
        (await bert.PutAsync($"{RoomPath(room)}/typing/{Uri.EscapeDataString(bert.UserId)}", """{"typing":true,"timeout":30000}""")).Ok();
        await Network.SyncsAsync(
            anna, s => Ephemeral(s, room, "m.typing").Any(c => c["user_ids"]!.AsArray().Any(u => u!.GetValue<string>() == bert.UserId)), since);
        (await bert.PostAsync($"{RoomPath(room)}/receipt/m.read/{Uri.EscapeDataString(message)}")).Ok();
        await Network.SyncsAsync(anna, s => Ephemeral(s, room, "m.receipt").Any(c => c[message]?["m.read"]?[bert.UserId] is not null), since);
    }

    [Fact]
    public async Task A_file_is_fetched_from_the_server_that_has_it()
    {
        var (anna, bert) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"));
        var uri = (await anna.PostAsync("/_matrix/media/v3/upload?filename=a.json", """{"a":"file"}""")).Ok("content_uri");
        var path = uri["mxc://".Length..];
        Assert.StartsWith(One.NameText, path, StringComparison.Ordinal);
        Assert.Equal("file", (await bert.GetAsync($"v1/media/download/{path}")).Ok("a"));
        Network.Cut(One, Two);
        Assert.Equal("file", (await bert.GetAsync($"v1/media/download/{path}")).Ok("a"));
        Network.Heal();
    }

    [Fact]
    public async Task A_knock_is_answered_by_an_invite()
    {
        var (anna, bert) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync(
            """{"preset":"private_chat","initial_state":[{"type":"m.room.join_rules","state_key":"","content":{"join_rule":"knock"}}]}""");
        (await bert.PostAsync($"v3/knock/{Uri.EscapeDataString(room)}?server_name={One.NameText}", """{"reason":"please"}""")).Ok();
        await Network.SeesMemberAsync(anna, room, bert.UserId, "knock");
        (await anna.PostAsync($"{RoomPath(room)}/invite", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
        await Network.SyncsAsync(bert, s => s["rooms"]?["invite"]?[room] is not null);
        await bert.JoinAsync(room);
        await Network.SeesMemberAsync(anna, room, bert.UserId, "join");
    }

    [Fact]
    public async Task Members_of_a_space_may_join_its_restricted_room()
    {
        var (anna, bert, carl) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"), await Two.RegisterAsync("carl"));
        var space = await anna.CreateRoomAsync("""{"preset":"public_chat","creation_content":{"type":"m.space"}}""");
        var room = await anna.CreateRoomAsync(
            $$$"""{"preset":"private_chat","initial_state":[{"type":"m.room.join_rules","state_key":"","content":{"join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":"{{{space}}}"}]}}]}""");
        await anna.SetStateAsync(space, "m.space.child", room, $$"""{"via":["{{One.NameText}}"]}""");
        await bert.JoinAsync(space, One);
        await Network.SettleAsync(servers.All);
        await bert.JoinAsync(room, One);
        await Network.SeesMemberAsync(anna, room, bert.UserId, "join");
        (await carl.PostAsync($"v3/join/{Uri.EscapeDataString(room)}?server_name={One.NameText}")).Fails(403, "M_FORBIDDEN");
    }

    private static IEnumerable<JsonNode> Ephemeral(JsonNode sync, string room, string type) =>
        (sync["rooms"]?["join"]?[room]?["ephemeral"]?["events"]?.AsArray() ?? []).Where(e => e!["type"]!.GetValue<string>() == type)
            .Select(e => e!["content"]!);
}
