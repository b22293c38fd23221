using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>When history that could not be had is asked for again.</summary>
public sealed class HistoryRestTests
{
    private const string Backfill = "GET /_matrix/federation/v1/backfill/";

    [Theory]
    [InlineData(502, true)]
    [InlineData(404, false)]
    public async Task A_server_that_did_not_answer_is_asked_again_soon_and_one_that_refused_is_not(int status, bool isAsked)
    {
        await using var room = await PeersRoom.StartAsync();
        var clock = new TestClock(TimeProvider.System.GetUtcNow());
        await using var server = new FederatingServer { Clock = clock };
        await server.InitializeAsync();
        var anna = await server.RegisterAsync("anna");
        (await anna.PostAsync(room.Join)).Ok();
        room.Peer.On(Backfill, _ => new Answer(status, """{"errcode":"M_UNKNOWN","error":"?"}"""));
        Assert.DoesNotContain("m.room.create", await TypesAsync(anna, room));

        var pdus = new JsonObject { ["origin"] = room.Peer.Name.Value, ["origin_server_ts"] = 1, ["pdus"] = PeerRoom.Array(room.Room.Events.Values.Reverse()) };
        room.Peer.On(Backfill, _ => pdus);
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(isAsked, (await TypesAsync(anna, room)).Contains("m.room.create"));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Contains("m.room.create", await TypesAsync(anna, room));
    }

    private static async Task<List<string>> TypesAsync(TestClient user, PeersRoom room)
    {
        var page = (await user.GetAsync($"v3/rooms/{room.Room.Path}/messages?dir=b&limit=100")).Ok();
        return [.. page["chunk"]!.AsArray().Select(static e => e!["type"]!.GetValue<string>())];
    }
}
