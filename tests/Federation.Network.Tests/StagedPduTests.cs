using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Federation.Network.Tests.Support;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Federation.Network.Tests;

/// <summary>An event that comes while what it follows is not to be had is taken, and judged later, come what may.</summary>
public sealed class StagedPduTests(ThreeServers servers) : IClassFixture<ThreeServers>
{
    private NetworkServer One => servers.One;

    private NetworkServer Two => servers.Two;

    private TestNetwork Network => servers.Network;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_judged_once_its_sender_can_be_asked_also_after_a_crash(bool isKilled)
    {
        var (_, _, room, lost, staged) = await StageAsync();
        if (isKilled)
            await Two.CrashAsync();
        Assert.Equal([staged], await WaitingAsync(room));
        Network.Heal();
        await KnowsAsync(lost);
        await KnowsAsync(staged);
        await AssertSameAsync(room);
    }

    [Fact]
    public async Task It_is_judged_when_what_it_follows_comes_by_itself()
    {
        var (_, _, room, lost, staged) = await StageAsync();
        await DeliverAsync(lost);
        await KnowsAsync(staged);
        Network.Heal();
        await AssertSameAsync(room);
    }

    [Fact]
    public async Task A_server_that_is_heard_of_again_is_asked_without_waiting_for_the_next_try()
    {
        var (_, _, room, _, staged) = await StageAsync();
        // The tries are minutes apart by then.
        for (var i = 0; i < 60; i++)
            await Network.StepAsync(5);
        Assert.Equal([staged], await WaitingAsync(room));
        Network.Heal();
        var healed = Network.Clock.GetUtcNow();
        await One.AskAsync(Two, HttpMethod.Get, $"/_matrix/federation/v1/event/{Uri.EscapeDataString(staged)}");
        await KnowsAsync(staged);
        Assert.InRange(Network.Clock.GetUtcNow() - healed, TimeSpan.Zero, TimeSpan.FromSeconds(150));
        await AssertSameAsync(room);
    }

    [Fact]
    public async Task What_another_server_knows_is_asked_of_it()
    {
        var (_, _, room, lost, staged) = await StageAsync(withThree: true);
        Network[Two, servers.Three].Heal();
        await KnowsAsync(staged);
        await KnowsAsync(lost);
        Network.Heal();
        await AssertSameAsync(room);
    }

    [Fact]
    public async Task It_is_given_up_when_all_say_that_they_cannot_help_and_the_next_event_brings_it_all_the_same()
    {
        var (anna, _, room, lost, staged) = await StageAsync();
        Network[Two, One].Answer = NotFound;
        await Network.UntilAsync(async () => (await WaitingAsync(room)).Length == 0, "the event is given up", stepSeconds: 5);
        Assert.Null(await Two.Storage.Events.GetAsync(staged));
        Network.Heal();
        var next = await anna.SendTextAsync(room, "next");
        foreach (var id in new[] { lost, staged, next })
            await KnowsAsync(id);
        await AssertSameAsync(room);
    }

    [Fact]
    public async Task A_server_that_the_room_denies_meanwhile_gets_nothing_in()
    {
        var (_, bert, room, lost, staged) = await StageAsync();
        await bert.SetStateAsync(room, "m.room.server_acl", "", $$"""{"allow":["*"],"deny":["{{One.NameText}}"]}""");
        Network.Heal();
        await Network.UntilAsync(async () => (await WaitingAsync(room)).Length == 0, "the event is dropped");
        Assert.Null(await Two.Storage.Events.GetAsync(staged));
        Assert.Null(await Two.Storage.Events.GetAsync(lost));
    }

    [Fact]
    public async Task Who_leaves_the_room_waits_for_nothing()
    {
        var (_, bert, room, _, staged) = await StageAsync();
        (await bert.PostAsync($"{NetworkClients.RoomPath(room)}/leave")).Ok();
        await Network.UntilAsync(async () => (await WaitingAsync(room)).Length == 0, "the event is dropped");
        Assert.Null(await Two.Storage.Events.GetAsync(staged));
        Network.Heal();
    }

    [Fact]
    public async Task An_event_that_comes_again_while_it_waits_is_taken_again()
    {
        var (_, _, room, _, staged) = await StageAsync();
        await DeliverAsync(staged);
        Assert.Equal([staged], await WaitingAsync(room));
        Network.Heal();
        await KnowsAsync(staged);
        await DeliverAsync(staged);
        Assert.Empty(await WaitingAsync(room));
        await AssertSameAsync(room);
    }

    /// <summary>The second server is told that an event was sent to it which was not, and then sent the one after it, while it cannot ask anybody.</summary>
    private async Task<(TestClient Anna, TestClient Bert, string Room, string Lost, string Staged)> StageAsync(bool withThree = false)
    {
        Network.Heal();
        var (anna, bert) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"));
        var levels = new JsonObject { ["users"] = new JsonObject { [anna.UserId] = 100, [bert.UserId] = 100 } };
        var room = await anna.CreateRoomAsync(
            new JsonObject { ["preset"] = "public_chat", ["room_version"] = "11", ["power_level_content_override"] = levels }.ToJsonString());
        await bert.JoinAsync(room, One);
        if (withThree)
            await (await servers.Three.RegisterAsync("carl")).JoinAsync(room, One);
        await Network.SettleAsync(servers.All);
        Network[One, Two].Answer = Taken;
        var lost = await anna.SendTextAsync(room, "lost");
        await Network.UntilAsync(async () => !(await One.Storage.Outbox.DestinationsWithQueueAsync()).Contains(Two.NameText), "the first event is sent");
        Network[One, Two].Answer = null;
        Network[Two, One].Answer = Away;
        Network[Two, servers.Three].Answer = Away;
        var staged = await anna.SendTextAsync(room, "staged");
        await Network.UntilAsync(async () => (await WaitingAsync(room)).Contains(staged), "the second event is kept");
        await Network.UntilAsync(async () => !(await One.Storage.Outbox.DestinationsWithQueueAsync()).Contains(Two.NameText), "the second event is taken");
        return (anna, bert, room, lost, staged);
    }

    private async Task<string[]> WaitingAsync(string room) => [.. (await Two.Storage.StagedPdus.OfRoomAsync(room)).Select(r => r.EventId)];

    // A client that asked for the event would have it fetched.
    private Task KnowsAsync(string eventId) =>
        Network.UntilAsync(async () => await Two.Storage.Events.GetAsync(eventId) is { Order: not null }, $"{eventId} at the second server");

    /// <summary>Sends an event of the first server's to the second.</summary>
    private async Task DeliverAsync(string eventId)
    {
        var row = await One.Storage.Events.GetAsync(eventId);
        var body = new JsonObject { ["origin"] = One.NameText, ["origin_server_ts"] = 1, ["pdus"] = new JsonArray(JsonNode.Parse(row!.Json.Span)) };
        var answer = await One.AskAsync(
            Two, HttpMethod.Put, $"/_matrix/federation/v1/send/again{row.Depth}-{Network.Clock.GetUtcNow().Ticks}", body.ToJsonString());
        Assert.Null(answer.Ok()["pdus"]![eventId]!["error"]);
    }

    private async Task AssertSameAsync(string room)
    {
        await Network.SettleAsync(servers.All);
        var (one, two) = (await RoomGraph.ReadAsync(One, room, []), await RoomGraph.ReadAsync(Two, room, []));
        Assert.Equal(one.Extremities, two.Extremities);
        Assert.Equal(one.State, two.State);
        Assert.Equal("", Network.Faults());
    }

    private static HttpResponseMessage? Taken(HttpRequestMessage request) => request.RequestUri!.AbsolutePath.Contains("/send/", StringComparison.Ordinal)
        ? Json(HttpStatusCode.OK, """{"pdus":{}}""") : null;

    private static HttpResponseMessage Away(HttpRequestMessage request) => Json(HttpStatusCode.BadGateway, "");

    private static HttpResponseMessage NotFound(HttpRequestMessage request) => Json(HttpStatusCode.NotFound, """{"errcode":"M_NOT_FOUND","error":"?"}""");

    private static HttpResponseMessage Json(HttpStatusCode status, string text) => new(status) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text)) };
}
