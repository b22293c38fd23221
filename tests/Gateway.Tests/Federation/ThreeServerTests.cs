using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation;

public sealed class ThreeServerTests(TwoServers servers) : IClassFixture<TwoServers>
{
    [Fact]
    public async Task Who_joins_through_a_server_that_joined_itself_gets_what_all_send()
    {
        await using var three = new FederatingServer();
        await three.InitializeAsync();
        var anna = await servers.One.RegisterAsync("anna");
        var bert = await servers.Two.RegisterAsync("bert");
        var carl = await three.RegisterAsync("carl");
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        var path = Uri.EscapeDataString(room);
        (await bert.PostAsync($"v3/join/{path}?server_name={servers.One.FederationName}")).Ok();
        (await bert.GetAsync($"v3/rooms/{path}/members")).Ok();   // waits until the members are there: until then a server helps nobody to join
        (await carl.PostAsync($"v3/join/{path}?server_name={servers.Two.FederationName}")).Ok();
        await SeesAsync(anna, room, carl.UserId);

        foreach (var (sender, others) in new[] { (anna, new[] { bert, carl }), (bert, [anna, carl]), (carl, [anna, bert]) })
        {
            var sent = await sender.SendTextAsync(room, "to all");
            foreach (var other in others)
                await SeesAsync(other, room, sent);
        }
    }

    [Fact]
    public async Task Who_is_invited_gets_what_all_send()
    {
        await using var three = new FederatingServer();
        await three.InitializeAsync();
        var anna = await servers.One.RegisterAsync("anna");
        var bert = await servers.Two.RegisterAsync("bert");
        var carl = await three.RegisterAsync("carl");
        var room = await anna.CreateRoomAsync($$"""{"preset":"private_chat","invite":["{{bert.UserId}}"]}""");
        var path = Uri.EscapeDataString(room);
        (await bert.PostAsync($"v3/join/{path}")).Ok();
        (await anna.PostAsync($"v3/rooms/{path}/invite", $$"""{"user_id":"{{carl.UserId}}"}""")).Ok();
        (await carl.PostAsync($"v3/join/{path}")).Ok();
        foreach (var (sender, others) in new[] { (anna, new[] { bert, carl }), (bert, [anna, carl]), (carl, [anna, bert]) })
        {
            var sent = await sender.SendTextAsync(room, "to all");
            foreach (var other in others)
                await SeesAsync(other, room, sent);
        }
    }

    /// <summary>Syncs until there is an event of this id or state key.</summary>
    private static async Task SeesAsync(TestClient user, string room, string what)
    {
        var since = "";
        for (var i = 0; i < 4; i++)
        {
            var sync = (await user.GetAsync($"v3/sync?timeout=5000{since}")).Ok();
            var events = sync["rooms"]?["join"]?[room]?["timeline"]?["events"]?.AsArray() ?? [];
            if (events.Any(e => e!["event_id"]!.GetValue<string>() == what || e["state_key"]?.GetValue<string>() == what))
                return;
            since = $"&since={sync["next_batch"]!.GetValue<string>()}";
        }

        Assert.Fail($"{user.UserId} does not see {what}");
    }
}
