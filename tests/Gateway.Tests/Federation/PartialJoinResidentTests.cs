using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>What a server tells others of a room whose members it does not know itself yet (ADR 0034): history, but no state, and it lets nobody in.</summary>
public sealed class PartialJoinResidentTests
{
    private const string Federation = "/_matrix/federation/";

    [Fact]
    public async Task Who_wants_to_come_in_is_sent_to_others()
    {
        await using var scene = await PartialJoinScene.StartAsync();
        var other = await scene.AddServerAsync();
        var oscar = scene.AddMember(other);
        await scene.JoinAsync("bert");
        var room = scene.Hand.Room.Path;
        var olga = other.UserId("olga");
        foreach (var (what, user) in new[] { ("make_join", olga), ("make_knock", olga), ("make_leave", oscar), ("make_leave", olga) })
            (await AskAsync(other, scene, $"v1/{what}/{room}/{Uri.EscapeDataString(user)}?ver=10")).Fails(404, "M_NOT_FOUND");
        foreach (var membership in new[] { "join", "knock" })
        {
            var pdu = new PeerRoom(other, scene.Hand.Room.RoomId, scene.Hand.Room.Version).Build(
                olga, EventTypes.Member, olga, $$"""{"membership":"{{membership}}"}""", [scene.Hand.Room.Last.EventId], [], scene.Hand.Room.Last.Depth + 1);
            foreach (var version in membership == "join" ? ["v1", "v2"] : new[] { "v1" })
            {
                var sent = await other.AskAsync(
                    scene.Server, HttpMethod.Put, $"{Federation}{version}/send_{membership}/{room}/{Uri.EscapeDataString(pdu.EventId)}",
                    Encoding.UTF8.GetString(pdu.Json.Span));
                sent.Fails(404, "M_NOT_FOUND");
            }
        }

        scene.LetMembersCome();
        await WholeAsync(scene, other);
        (await AskAsync(other, scene, $"v1/make_join/{room}/{Uri.EscapeDataString(olga)}?ver=10")).Ok();
        (await AskAsync(other, scene, $"v1/make_leave/{room}/{Uri.EscapeDataString(oscar)}")).Ok();
        Assert.Equal(scene.Hand.Room.RoomId, (await other.JoinAsync(scene.Server, scene.Hand.Room.RoomId, "olga")).RoomId);
    }

    [Fact]
    public async Task State_is_not_told_and_history_is()
    {
        await using var scene = await PartialJoinScene.StartAsync();
        var other = await scene.AddServerAsync();
        scene.AddMember(other);
        var bert = await scene.JoinAsync("bert");
        var room = scene.Hand.Room.Path;
        var joined = scene.Hand.Room.Last;
        var first = await bert.SendTextAsync(scene.Hand.Room.RoomId, "first");
        var second = await bert.SendTextAsync(scene.Hand.Room.RoomId, "second");
        foreach (var eventId in new[] { joined.EventId, first, second })
        {
            foreach (var what in new[] { "state", "state_ids" })
                (await AskAsync(other, scene, $"v1/{what}/{room}?event_id={Uri.EscapeDataString(eventId)}")).Fails(404, "M_NOT_FOUND");
        }

        Assert.Equal([first], Ids(await AskAsync(other, scene, $"v1/event/{Uri.EscapeDataString(first)}"), "pdus"));
        Assert.Equal(
            [second, first, joined.EventId], Ids(await AskAsync(other, scene, $"v1/backfill/{room}?limit=10&v={Uri.EscapeDataString(second)}"), "pdus"));
        Assert.Equal([first], await MissingAsync(scene, other, joined.EventId, second));
        var auth = Ids(await AskAsync(other, scene, $"v1/event_auth/{room}/{Uri.EscapeDataString(first)}"), "auth_chain");
        Assert.Contains(joined.EventId, auth);
        Assert.Contains(scene.Hand.Room.State[new(EventTypes.Create, "")].EventId, auth);
        scene.LetMembersCome();
        await WholeAsync(scene, other);
        var state = Ids(await AskAsync(other, scene, $"v1/state/{room}?event_id={Uri.EscapeDataString(second)}"), "pdus");
        Assert.Equal(scene.Hand.Room.State.Values.Select(e => e.EventId).Order(), state.Order());
    }

    /// <summary>Redacted it would stay so at the other server, though its users were there.</summary>
    [Fact]
    public async Task What_only_members_may_see_is_left_out_rather_than_redacted_while_they_are_not_known()
    {
        await using var scene = await PartialJoinScene.StartAsync();
        scene.Hand.Room.Add(scene.Hand.Mallory, EventTypes.HistoryVisibility, "", """{"history_visibility":"joined"}""");
        var other = await scene.AddServerAsync();
        scene.AddMember(other);
        var bert = await scene.JoinAsync("bert");
        var room = scene.Hand.Room.Path;
        var joined = scene.Hand.Room.Last.EventId;
        var first = await bert.SendTextAsync(scene.Hand.Room.RoomId, "first");
        var second = await bert.SendTextAsync(scene.Hand.Room.RoomId, "second");
        (await AskAsync(other, scene, $"v1/event/{Uri.EscapeDataString(first)}")).Fails(404, "M_NOT_FOUND");
        Assert.Equal([joined], Ids(await AskAsync(other, scene, $"v1/backfill/{room}?limit=10&v={Uri.EscapeDataString(second)}"), "pdus"));
        Assert.Empty(await MissingAsync(scene, other, joined, second));
        scene.LetMembersCome();
        await WholeAsync(scene, other);
        var told = (await AskAsync(other, scene, $"v1/event/{Uri.EscapeDataString(first)}")).Ok()["pdus"]![0]!;
        Assert.Equal("first", told["content"]!["body"]!.GetValue<string>());
        Assert.Equal([first], await MissingAsync(scene, other, joined, second));
    }

    private static Task<Answer> AskAsync(Peer other, PartialJoinScene scene, string target) =>
        other.AskAsync(scene.Server, HttpMethod.Get, Federation + target);

    private static async Task<List<string>> MissingAsync(PartialJoinScene scene, Peer other, string earliest, string latest)
    {
        var json = new JsonObject { ["earliest_events"] = new JsonArray(earliest), ["latest_events"] = new JsonArray(latest), ["limit"] = 10 };
        return Ids(
            await other.AskAsync(scene.Server, HttpMethod.Post, $"{Federation}v1/get_missing_events/{scene.Hand.Room.Path}", json.ToJsonString()), "events");
    }

    private static List<string> Ids(Answer answer, string list) => [.. answer.Ok()[list]!.AsArray().Select(static node =>
    {
        Assert.True(Pdu.Parse(Encoding.UTF8.GetBytes(node!.ToJsonString()), RoomVersion.All.Single(v => v.Id == "10")).TryGet(out var pdu, out var error), error?.Message);
        return pdu.EventId;
    })];

    /// <summary>The room is whole for other servers too.</summary>
    private static async Task WholeAsync(PartialJoinScene scene, Peer other)
    {
        var target = $"v1/state_ids/{scene.Hand.Room.Path}?event_id={Uri.EscapeDataString(scene.Hand.Room.Last.EventId)}";
        while ((await AskAsync(other, scene, target)).Status != 200)
            await Task.Delay(10, TestContext.Current.CancellationToken);
    }
}
