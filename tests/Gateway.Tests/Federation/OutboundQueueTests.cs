using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>The queue for a server while that is away, slow or refuses what it is sent (ADR 0031).</summary>
public sealed class OutboundQueueTests : IAsyncLifetime
{
    private static readonly Answer s_away = new(503, "{}");
    private readonly TestClock _clock = new(TimeProvider.System.GetUtcNow());
    private FederatingServer _server = null!;
    private Peer _peer = null!;
    private PeerInbox _inbox = null!;
    private TestClient _alice = null!;
    private string _room = "";

    private IStorage Storage => _server.Services.GetRequiredService<IStorage>();

    public async ValueTask InitializeAsync()
    {
        _server = new FederatingServer { Clock = _clock };
        await _server.InitializeAsync();
        _peer = await Peer.StartAsync();
        _inbox = new PeerInbox(_peer);
        _alice = await _server.RegisterAsync("alice");
        _room = await _alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        await _peer.JoinAsync(_server, _room, "zoe");

        // The peer is told of Alice's device first.
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromMilliseconds(1), () => !_inbox.Taken.IsEmpty);
        _inbox = new PeerInbox(_peer);
        _peer.Asked.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_transaction_is_repeated_with_its_id_until_it_is_taken_and_nothing_overtakes_it()
    {
        var ids = new List<string>();
        _inbox.Refuse = body =>
        {
            lock (ids)
                ids.Add(body.ToJsonString());
            return ids.Count < 4 ? s_away : null;
        };
        var first = await _alice.SendTextAsync(_room, "1");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromMilliseconds(1), () => _inbox.Count >= 1);
        var second = await _alice.SendTextAsync(_room, "2");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(1), () => Bodies().Count >= 2);
        Assert.Equal(["1", "2"], Bodies());
        Assert.Equal(ids[0], ids[3]);
        Assert.NotEqual(first, second);
        Assert.Single(_peer.Asked.Where(a => a.Contains("/send/", StringComparison.Ordinal)).Take(4).Distinct());
    }

    [Fact]
    public async Task A_request_of_the_server_ends_the_waiting()
    {
        _inbox.Refuse = _ => s_away;
        await _alice.SendTextAsync(_room, "1");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(2), () => _inbox.Count >= 6);
        _inbox.Refuse = _ => null;
        var before = _clock.GetUtcNow();
        await _inbox.SendAsync(_server, "m.nothing", "{}");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromMilliseconds(10), () => Bodies().Count == 1);
        Assert.True(_clock.GetUtcNow() - before < TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task What_the_server_refuses_for_good_is_left_out_and_the_rest_comes()
    {
        _inbox.Refuse = _ => s_away;
        for (var i = 0; i < 7; i++)
            await _alice.SendTextAsync(_room, i == 3 ? "poison" : $"{i}");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromMilliseconds(1), () => _inbox.Count >= 1);
        _inbox.Refuse = body => body.ToJsonString().Contains("poison", StringComparison.Ordinal) ? new Answer(400, """{"errcode":"M_BAD_JSON","error":"no"}""")
            : null;
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(1), () => Bodies().Count >= 6);
        Assert.Equal(["0", "1", "2", "4", "5", "6"], Bodies());
        await _alice.SendTextAsync(_room, "after");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(1), () => Bodies().Count >= 7);
        await PeerInbox.AdvanceUntilAsync(
            _server, TimeSpan.FromSeconds(1), () => Storage.Outbox.QueuedAsync(_peer.Name.Value, 0, 10).AsTask().Result.Count == 0);
    }

    [Fact]
    public async Task A_server_that_refuses_everybody_loses_nothing()
    {
        _inbox.Refuse = _ => new Answer(403, """{"errcode":"M_FORBIDDEN","error":"go away"}""");
        await _alice.SendTextAsync(_room, "1");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(3), () => _inbox.Count >= 8);
        _inbox.Refuse = _ => null;
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(5), () => Bodies().Count >= 1);
    }

    [Fact]
    public async Task After_a_long_outage_the_newest_event_of_each_room_comes_first_and_messages_for_devices_are_all_there()
    {
        var other = await _alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        await _peer.JoinAsync(_server, other, "zoe");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromMilliseconds(1), () => Storage.Outbox.DestinationsWithQueueAsync().AsTask().Result.Count == 0);
        _inbox.Refuse = _ => s_away;
        var quiet = await _alice.SendTextAsync(other, "quiet");
        var newest = await _alice.SendTextAsync(_room, "newest");
        for (var i = 0; i < 3; i++)
            (await _alice.PutAsync($"v3/sendToDevice/m.test/{i}", $$$"""{"messages":{"{{{_peer.UserId("zoe")}}}":{"*":{"n":{{{i}}} } } } }""")).Ok();

        // What a thousand more events would have queued.
        var unit = new WriteUnit();
        for (var i = 0; i < 1001; i++)
            Storage.Outbox.Enqueue(
                unit, [_peer.Name.Value], new OutboxItem(OutboxKind.Pdu, _room, newest), unit.NextPosition(ChangeKind.ToDevice, _peer.Name.Value));
        await Storage.CommitAsync(unit);
        await PeerInbox.AdvanceUntilAsync(
            _server, TimeSpan.FromSeconds(1), () => Storage.Outbox.UnsentRoomsAsync(_peer.Name.Value, 10).AsTask().Result.Count == 2);
        Assert.Equal(3, (await Storage.Outbox.QueuedAsync(_peer.Name.Value, 0, 5000)).Count);

        _inbox.Refuse = _ => null;
        var late = await _alice.SendTextAsync(other, "late");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(5), () => Bodies().Count >= 3);
        Assert.Equal(["newest", "quiet"], Bodies().Take(2).Order());
        Assert.Equal("late", Bodies()[2]);
        Assert.Equal(3, _inbox.Taken.SelectMany(t => t.Body["edus"]?.AsArray() ?? []).Count(e => e!["edu_type"]!.GetValue<string>() == "m.direct_to_device"));
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(1), () => Storage.Outbox.DestinationsWithQueueAsync().AsTask().Result.Count == 0);
        Assert.NotEqual(quiet, late);
    }

    [Theory]
    [InlineData("before it is sent")]
    [InlineData("before it is answered")]
    public async Task What_was_queued_when_the_server_stopped_goes_out_when_it_runs_again(string when)
    {
        _inbox.Refuse = _ => s_away;
        await _alice.SendTextAsync(_room, "1");
        (await _alice.PutAsync("v3/sendToDevice/m.test/1", $$$"""{"messages":{"{{{_peer.UserId("zoe")}}}":{"*":{} } } }""")).Ok();
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromMilliseconds(1), () => _inbox.Count >= 1);
        using var stopped = new ManualResetEventSlim();
        using var reached = new ManualResetEventSlim();
        if (when == "before it is answered")
        {
            _inbox.Refuse = _ =>
            {
                reached.Set();
                stopped.Wait(TimeSpan.FromSeconds(20));
                return s_away;
            };
            await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(1), () => reached.IsSet);
        }

        var restart = _server.RestartAsync();
        stopped.Set();
        await restart;
        _inbox.Refuse = _ => null;
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(10), () => Bodies().Count >= 1);
        await PeerInbox.AdvanceUntilAsync(
            _server, TimeSpan.FromSeconds(10), () => _inbox.Taken.Any(t => t.Body.ToJsonString().Contains("m.direct_to_device", StringComparison.Ordinal)));
        Assert.Equal(["1"], Bodies());
    }

    [Fact]
    public async Task A_server_that_does_not_answer_holds_nothing_back_from_others()
    {
        await using var slow = await Peer.StartAsync();
        await slow.JoinAsync(_server, _room, "sam");
        using var end = new ManualResetEventSlim();
        slow.On("PUT /_matrix/federation/v1/send/", _ =>
        {
            end.Wait(TimeSpan.FromSeconds(20));
            return s_away;
        });
        for (var i = 0; i < 5; i++)
            await _alice.SendTextAsync(_room, $"{i}");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromMilliseconds(1), () => Bodies().Count == 5);
        Assert.Equal(["0", "1", "2", "3", "4"], Bodies());
        end.Set();
    }

    /// <summary>The texts of the messages that came, in order.</summary>
    private List<string> Bodies() => [.. _inbox.Pdus.Select(p => p["content"]!["body"]?.GetValue<string>()).OfType<string>()];
}
