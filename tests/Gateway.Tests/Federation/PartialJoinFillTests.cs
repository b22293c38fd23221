using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Members that a join left out are had from any server that is in the room, sooner or later.</summary>
public sealed class PartialJoinFillTests
{
    private const string State = "GET /_matrix/federation/v1/state/";

    [Theory(Timeout = 180_000)]
    [InlineData("refuses")]
    [InlineData("knows nothing")]
    [InlineData("fails")]
    [InlineData("leaves out what it told")]
    [InlineData("tells of another room")]
    [InlineData("breaks off")]
    [InlineData("is no JSON")]
    public async Task If_the_server_that_took_the_join_does_not_give_the_members_another_one_does(string how)
    {
        await using var scene = await PartialJoinScene.StartAsync();
        var other = await scene.AddServerAsync();
        var bert = await scene.JoinAsync("bert");
        var honest = Serve(other, scene);
        Break(scene, how, honest);
        Assert.Equal(1, Fills(scene).Count);
        scene.LetMembersCome();
        Assert.Equal(PartialJoinScene.Members + 1, await scene.CountJoinedAsync(bert));
        Assert.Contains(other.Asked, line => line.StartsWith(State, StringComparison.Ordinal));
        Assert.Equal(0, Fills(scene).Count);
        Assert.Equal("", scene.Server.Faults);
    }

    [Fact(Timeout = 180_000)]
    public async Task A_server_that_never_answers_is_not_waited_for()
    {
        await using var scene = await PartialJoinScene.StartAsync(hasClock: true);
        var other = await scene.AddServerAsync();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var bert = await scene.JoinAsync("bert");
        Serve(other, scene);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        scene.Hand.Peer.On(State, _ => new Answer(200, "")
        {
            Write = async (_, gone) =>
            {
                asked.TrySetResult();
                await Task.Delay(Timeout.Infinite, gone).ContinueWith(static _ => { }, TaskScheduler.Default);
                ended.TrySetResult();
            },
        });
        scene.Hand.Peer.Off($"{State}{scene.Hand.Room.RoomId}");
        scene.LetMembersCome();
        await asked.Task;
        var whole = scene.CountJoinedAsync(bert);
        await AdvanceUntilAsync(scene, whole, never: 1);
        Assert.Equal(PartialJoinScene.Members + 1, await whole);

        // Nobody wants the slow one's answer any more.
        await ended.Task;
    }

    [Fact(Timeout = 180_000)]
    public async Task What_nobody_gives_is_asked_for_again_later_and_after_a_restart()
    {
        await using var scene = await PartialJoinScene.StartAsync(hasClock: true);
        var other = await scene.AddServerAsync();
        other.On(State, static _ => new Answer(403, """{"errcode":"M_FORBIDDEN","error":"?"}"""));
        var bert = await scene.JoinAsync("bert");
        Break(scene, "refuses", "");
        scene.LetMembersCome();
        var tries = AskedFor(scene.Hand.Peer);
        await AdvanceUntilAsync(scene, UntilAsync(() => AskedFor(scene.Hand.Peer) > tries + 2 && AskedFor(other) > 2));
        Assert.True(Fills(scene).Oldest >= TimeSpan.FromSeconds(5));

        // It is tried at once after a start, whatever the wait had grown to, and perhaps before the restart is over here.
        tries = AskedFor(other);
        await scene.Server.RestartAsync();
        (await bert.GetAsync("v3/joined_rooms")).Ok();
        await UntilAsync(() => AskedFor(other) > tries);
        Serve(other, scene);
        var whole = scene.CountJoinedAsync(bert);
        await AdvanceUntilAsync(scene, whole);
        Assert.Equal(PartialJoinScene.Members + 1, await whole);
    }

    private static RoomFills Fills(PartialJoinScene scene) => scene.Server.Services.GetRequiredService<RoomFills>();

    private static int AskedFor(Peer peer) => peer.Asked.Count(line => line.StartsWith(State, StringComparison.Ordinal));

    private static async Task UntilAsync(Func<bool> isSo)
    {
        while (!isSo())
            await Task.Delay(10, TestContext.Current.CancellationToken);
    }

    /// <param name="never">Of the server's requests, how many are never answered; the clock does not run out for the others.</param>
    private static async Task AdvanceUntilAsync(PartialJoinScene scene, Task what, int never = 0)
    {
        for (var i = 0; i < 2000 && !what.IsCompleted; i++)
        {
            if (scene.Server.UnderWay <= never)
                scene.Server.Clock!.Advance(TimeSpan.FromSeconds(2));
            await Task.WhenAny(what, Task.Delay(30, TestContext.Current.CancellationToken));
        }

        Assert.True(what.IsCompleted, "the members do not come");
    }

    /// <summary>Has a server tell the state before the join; answers that.</summary>
    private static string Serve(Peer other, PartialJoinScene scene)
    {
        var state = scene.Hand.Room.State.Values.Where(e => !scene.Server.FederationName.Value.AsSpan().SequenceEqual(e.SenderDomain)).ToList();
        var json = new JsonObject { ["pdus"] = PeerRoom.Array(state), ["auth_chain"] = PeerRoom.Array(scene.Hand.Room.AuthChain(state)) }.ToJsonString();
        other.On(State, _ => new Answer(200, json));
        return json;
    }

    private static void Break(PartialJoinScene scene, string how, string honest)
    {
        var less = JsonNode.Parse(honest.Length == 0 ? "{}" : honest)!;
        if (how == "leaves out what it told")
            less["pdus"]!.AsArray().RemoveAll(e => e!["type"]!.GetValue<string>() == EventTypes.JoinRules);
        var answer = how switch
        {
            "refuses" => new Answer(403, """{"errcode":"M_FORBIDDEN","error":"?"}"""),
            "knows nothing" => new Answer(404, """{"errcode":"M_NOT_FOUND","error":"?"}"""),
            "fails" => new Answer(500, "{}"),
            "leaves out what it told" => new Answer(200, less.ToJsonString()),
            "tells of another room" => new Answer(200, honest.Replace(scene.Hand.Room.RoomId, "!other:x", StringComparison.Ordinal)),
            "breaks off" => new Answer(200, honest[..(honest.Length / 2)]) { BreaksOff = true },
            _ => new Answer(200, "<html>"),
        };
        scene.Hand.Peer.Off($"{State}{scene.Hand.Room.RoomId}");
        scene.Hand.Peer.On(State, _ => answer);
    }
}
