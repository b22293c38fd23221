using System.Net;
using System.Text;
using OrleansMatrix.Federation.Network.Tests.Support;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Federation.Network.Tests;

/// <summary>A server that is slow, away or lies harms itself only.</summary>
public sealed class FaultTests(ThreeServers servers) : IClassFixture<ThreeServers>
{
    private const int Messages = 20;

    private TestNetwork Network => servers.Network;

    [Fact]
    public async Task A_slow_server_holds_nobody_back_and_gets_everything_in_the_end()
    {
        var (anna, bert, carl, room) = await MeetAsync();
        var held = Network[servers.One, servers.Three].Hold();
        var sent = await SendAsync(anna, room);
        await Network.UntilAsync(() => Task.FromResult(held.IsCompleted), "the slow server is asked");
        foreach (var id in sent)
            await Network.SeesAsync(bert, room, id);
        Assert.DoesNotContain(sent[^1], (await carl.GetAsync("v3/sync")).Text, StringComparison.Ordinal);
        Network.Heal();
        foreach (var id in sent)
            await Network.SeesAsync(carl, room, id);
    }

    [Fact]
    public async Task An_unreachable_server_holds_nobody_back_and_gets_everything_in_the_end()
    {
        var (anna, bert, carl, room) = await MeetAsync();
        Network.Cut(servers.One, servers.Three);
        Network.Cut(servers.Two, servers.Three);
        var sent = await SendAsync(anna, room);
        sent.AddRange(await SendAsync(bert, room));
        foreach (var id in sent)
            await Network.SeesAsync(bert, room, id);
        // Long enough for the tries to become rare.
        for (var i = 0; i < 20; i++)
            Network.Clock.Advance(TimeSpan.FromMinutes(3));
        Network.Heal();
        foreach (var id in sent)
            await Network.SeesAsync(carl, room, id);
    }

    [Theory]
    [InlineData(200, "no JSON")]
    [InlineData(200, "[]")]
    [InlineData(400, """{"errcode":"M_BAD_JSON","error":"I do not like it"}""")]
    [InlineData(500, "")]
    public async Task A_lying_server_holds_nobody_back(int status, string body)
    {
        var (anna, bert, _, room) = await MeetAsync();
        Network[servers.One, servers.Three].Answer = _ =>
            new HttpResponseMessage((HttpStatusCode)status) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        var sent = await SendAsync(anna, room);
        foreach (var id in sent)
            await Network.SeesAsync(bert, room, id);
        await Network.SeesAsync(anna, room, await bert.SendTextAsync(room, "and back"));
        Network.Heal();
        await Network.SettleAsync(servers.All);
    }

    [Fact]
    public async Task What_was_acknowledged_before_a_crash_goes_out_after_it()
    {
        var (anna, bert, carl, room) = await MeetAsync();
        Network.Cut(servers.One, servers.Two);
        Network.Cut(servers.One, servers.Three);
        var sent = await SendAsync(anna, room);
        await servers.One.CrashAsync();
        var last = await anna.SendTextAsync(room, "after the crash");
        await servers.Two.CrashAsync();
        Network.Heal();
        foreach (var id in sent.Append(last))
        {
            await Network.SeesAsync(bert, room, id);
            await Network.SeesAsync(carl, room, id);
        }
    }

    [Fact]
    public async Task A_server_that_was_away_for_hundreds_of_events_of_others_has_them_all()
    {
        var (anna, bert, carl, room) = await MeetAsync();
        Network.Cut(servers.One, servers.Three);
        Network.Cut(servers.Two, servers.Three);
        var sent = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            sent.AddRange(await SendAsync(anna, room));
            sent.AddRange(await SendAsync(bert, room));
        }

        var own = await SendAsync(carl, room);
        Network.Heal();
        await Network.SettleAsync(servers.All);
        await anna.SendTextAsync(room, "and then");
        await Network.SettleAsync(servers.All);
        var graphs = new List<RoomGraph>();
        foreach (var server in servers.All)
            graphs.Add(await RoomGraph.ReadAsync(server, room, []));
        Assert.All(graphs, g => Assert.Superset(sent.Concat(own).ToHashSet(), g.Events.Keys.ToHashSet()));
        Assert.All(graphs, g => Assert.Equal(graphs[0].Extremities, g.Extremities));
        Assert.All(graphs, g => Assert.Equal(graphs[0].State, g.State));
    }

    [Theory]
    [InlineData("join")]
    [InlineData("knock")]
    public async Task A_slow_or_dead_server_named_first_does_not_hold_a_join_up(string action)
    {
        var (anna, bert) = (await servers.One.RegisterAsync("anna"), await servers.Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync(
            $$$"""{"preset":"public_chat","initial_state":[{"type":"m.room.join_rules","state_key":"","content":{"join_rule":"{{{(action == "join" ? "public" : "knock")}}}"}}]}""");
        var isAsked = false;
        Network[servers.Two, servers.One].Answer = request =>
        {
            isAsked |= request.RequestUri!.AbsolutePath.Contains("/make_", StringComparison.Ordinal);
            return null;
        };
        var held = Network[servers.Two, servers.Three].Hold();
        var acting = bert.PostAsync(
            $"v3/{action}/{Uri.EscapeDataString(room)}?server_name=dead.test&server_name={servers.Three.NameText}&server_name={servers.One.NameText}");
        await held;

        // Far less than a server is given to answer.
        for (var i = 0; i < 90 && !Volatile.Read(ref isAsked); i++)
        {
            Network.Clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        (await acting).Ok();
        Network.Heal();
    }

    private async Task<(TestClient Anna, TestClient Bert, TestClient Carl, string Room)> MeetAsync()
    {
        var (anna, bert, carl) = (await servers.One.RegisterAsync("anna"), await servers.Two.RegisterAsync("bert"), await servers.Three.RegisterAsync("carl"));
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        await bert.JoinAsync(room, servers.One);
        await carl.JoinAsync(room, servers.One);
        await Network.SettleAsync(servers.All);
        return (anna, bert, carl, room);
    }

    private static async Task<List<string>> SendAsync(TestClient user, string room)
    {
        var sent = new List<string>();
        for (var i = 0; i < Messages; i++)
            sent.Add(await user.SendTextAsync(room, $"message {i}"));
        return sent;
    }
}
