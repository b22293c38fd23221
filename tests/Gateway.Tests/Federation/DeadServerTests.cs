using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>A room on many servers of which one is gone for long: it costs nothing, and has the newest event when it is back (ADR 0031).</summary>
public sealed class DeadServerTests : IAsyncLifetime
{
    private readonly TestClock _clock = new(TimeProvider.System.GetUtcNow());
    private readonly FederatingServer _server;
    private readonly List<(Peer Peer, PeerInbox Inbox)> _peers = [];

    public DeadServerTests() => _server = new FederatingServer { Clock = _clock };

    private IStorage Storage => _server.Services.GetRequiredService<IStorage>();

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        for (var i = 0; i < 6; i++)
        {
            var peer = await Peer.StartAsync(number: (byte)(20 + i));
            _peers.Add((peer, new PeerInbox(peer)));
        }
    }

    [Fact(Timeout = 180_000)]
    public async Task It_has_no_row_for_each_message_and_gets_the_newest_one_when_it_is_back()
    {
        var alice = await _server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        foreach (var (peer, _) in _peers)
            await peer.JoinAsync(_server, room, "zoe");
        var (dead, inbox) = _peers[0];
        await UntilAsync(() => QueueOf(dead).Count == 0);
        inbox.Refuse = static _ => new Answer(503, "{}");
        await alice.SendTextAsync(room, "first");
        await UntilAsync(() => UnsentOf(dead).Count == 1, TimeSpan.FromMinutes(1));

        await alice.SendTextAsync(room, "second");
        await alice.SendTextAsync(room, "third");
        Assert.Empty(QueueOf(dead));
        foreach (var (_, live) in _peers.Skip(1))
            await UntilAsync(() => BodiesOf(live).Count == 3);

        inbox.Refuse = static _ => null;
        var tries = inbox.Count;
        await inbox.SendAsync(_server, "m.nothing", "{}");
        await UntilAsync(() => BodiesOf(inbox).Count > 0);
        Assert.Equal(["third"], BodiesOf(inbox));
        Assert.True(inbox.Count > tries);
        await UntilAsync(() => UnsentOf(dead).Count == 0);
        await alice.SendTextAsync(room, "fourth");
        await UntilAsync(() => BodiesOf(inbox).Count == 2);
        Assert.Equal(["third", "fourth"], BodiesOf(inbox));
    }

    private Task UntilAsync(Func<bool> condition, TimeSpan? step = null) =>
        PeerInbox.AdvanceUntilAsync(_server, step ?? TimeSpan.FromMilliseconds(10), condition);

    private IReadOnlyList<OutboxRow> QueueOf(Peer peer) =>
        [.. Storage.Outbox.QueuedAsync(peer.Name.Value, 0, 100).AsTask().Result.Where(static row => row.Kind == OutboxKind.Pdu)];

    private IReadOnlyList<UnsentRoom> UnsentOf(Peer peer) => Storage.Outbox.UnsentRoomsAsync(peer.Name.Value, 10).AsTask().Result;

    private static List<string> BodiesOf(PeerInbox inbox) =>
        [.. inbox.Pdus.Where(static pdu => pdu["type"]!.GetValue<string>() == "m.room.message").Select(static pdu => pdu["content"]!["body"]!.GetValue<string>())];

    public async ValueTask DisposeAsync()
    {
        foreach (var (peer, _) in _peers)
            await peer.DisposeAsync();
        await _server.DisposeAsync();
    }
}
