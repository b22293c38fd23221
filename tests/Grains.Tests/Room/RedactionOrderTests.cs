using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;
using static OrleansMatrix.Grains.Tests.Room.RemoteServer;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Room;

/// <summary>
/// A redaction and its target come in any order and by any way (room v3, Handling redactions): in the end memory, storage and a server that was started again
/// have the target redacted, or none of them has.
/// </summary>
public sealed class RedactionOrderTests : IAsyncLifetime
{
    private const string Renamed = """{"membership":"join","displayname":"Regretted"}""";
    private RoomHarness _silo = null!;
    private string _room = "";
    private Pdu _join = null!;

    public async ValueTask InitializeAsync()
    {
        _silo = await RoomHarness.StartAsync();
        _room = await _silo.CreateAsync("10");
        _join = await JoinAsync(_silo, _room, Zoe);
    }

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    /// <summary>T: the target comes live; O: as an outlier; R: the redaction comes; K: the silo is killed.</summary>
    public static TheoryData<string> Orders =>
        ["TR", "TKR", "RT", "RKT", "OR", "OKR", "ORT", "OKRKT", "ORKT", "OTR", "RO", "RKO", "ROT", "RKOKT"];

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task The_target_is_redacted_in_every_order(string order)
    {
        var target = await EventAsync(_silo, _room, Zoe, EventTypes.Member, Zoe, Renamed, [_join.EventId]);
        var redaction = await RedactionAsync(Zoe, target.EventId);
        await PlayAsync(order, target, redaction);
        await AssertRedactedAsync(target.EventId, redaction.EventId);
        if (order.Contains('T', StringComparison.Ordinal))
            Assert.Null((await _silo.Storage.Memberships.GetAsync(_room, Zoe))!.DisplayName);
    }

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task Who_may_not_redact_the_target_does_not_in_any_order(string order)
    {
        // Yan is of another server than Alice, and without the level.
        await JoinAsync(_silo, _room, Yan);
        var topic = await EventAsync(_silo, _room, Alice, "m.room.topic", "", """{"topic":"stays"}""", [_join.EventId], key: LocalKey);
        var redaction = await RedactionAsync(Yan, topic.EventId);
        await PlayAsync(order, topic, redaction);
        await AssertIntactAsync(topic);
    }

    [Theory]
    [InlineData("TR")]
    [InlineData("RT")]
    [InlineData("RKT")]
    [InlineData("ORT")]
    [InlineData("RO")]
    public async Task A_redaction_that_was_soft_failed_or_rejected_takes_nothing_away(string order)
    {
        var target = await EventAsync(_silo, _room, Zoe, "m.room.topic", "", """{"topic":"stays"}""", [_join.EventId], [.. _join.AuthEvents, _join.EventId]);
        var softFailed = await RedactionAsync(Zoe, target.EventId);
        var ban = (await _silo.MemberAsync(_room, Alice, Abstractions.Room.MembershipAction.Ban, Zoe)).Value!;
        var rejected = await EventAsync(_silo, _room, Zoe, EventTypes.Redaction, null, "{}", [ban], redacts: target.EventId);
        await PlayAsync(order, target, softFailed, rejected);
        Assert.Equal(EventStatus.SoftFailed, (await _silo.EventAsync(softFailed.EventId)).Status);
        Assert.Equal(EventStatus.Rejected, (await _silo.EventAsync(rejected.EventId)).Status);
        await AssertIntactAsync(target);
    }

    [Theory]
    [InlineData("RT", EventStatus.SoftFailed)]
    [InlineData("TR", EventStatus.SoftFailed)]
    [InlineData("ORT", EventStatus.SoftFailed)]
    [InlineData("RKT", EventStatus.Rejected)]
    [InlineData("TR", EventStatus.Rejected)]
    public async Task A_target_that_clients_are_not_shown_is_redacted_too(string order, EventStatus status)
    {
        var yan = await JoinAsync(_silo, _room, Yan);
        var ban = (await _silo.MemberAsync(_room, Alice, Abstractions.Room.MembershipAction.Ban, Yan)).Value!;
        var target = await EventAsync(_silo, _room, Yan, EventTypes.Member, Yan, Renamed,
            [status == EventStatus.Rejected ? ban : yan.EventId], [.. yan.AuthEvents, yan.EventId]);
        var redaction = await RedactionAsync(Zoe, target.EventId);
        await PlayAsync(order, target, redaction);
        Assert.Equal(status, (await _silo.EventAsync(target.EventId)).Status);
        await AssertRedactedAsync(target.EventId, redaction.EventId);
    }

    [Theory]
    [InlineData("RT")]
    [InlineData("ORT")]
    [InlineData("OKRKT")]
    public async Task An_event_fetched_for_a_gap_is_redacted_by_what_came_before_it(string order)
    {
        var behind = await EventAsync(_silo, _room, Zoe, EventTypes.Member, Zoe, Renamed, [_join.EventId]);
        var state = await _silo.StateAsync(_room);
        var after = await EventAsync(_silo, _room, Zoe, "m.room.message", null, """{"body":"after a gap"}""", [behind.EventId]);
        var pushed = await _silo.RunAsync(_room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [after.Json], [.. state.Values])));
        Assert.Equal(PduVerdict.Accepted, pushed.Value!.Pdus.Single().Verdict);
        var anchor = (await _silo.EventAsync(after.EventId)).Position;
        var redaction = await EventAsync(_silo, _room, Zoe, EventTypes.Redaction, null, "{}", [after.EventId], redacts: behind.EventId);
        await PlayAsync(order, behind, redaction, fill: () => _silo.RunAsync(_room, r => ReceiveHistory.RunAsync(
            r, new HistoricPdus(ServerName.Parse(Name), anchor, [behind.Json], [], IsLastTry: true))));
        Assert.Equal(new HistoryOrder(anchor, -1), (await _silo.EventAsync(behind.EventId)).Order);
        await AssertRedactedAsync(behind.EventId, redaction.EventId);
    }

    [Fact]
    public async Task A_redaction_that_was_redacted_as_an_event_by_itself_takes_its_target_away_when_it_comes_live()
    {
        var target = await EventAsync(_silo, _room, Zoe, "m.room.message", null, """{"body":"regretted"}""", [_join.EventId]);
        await PushAsync(_silo, _room, target);
        var first = await RedactionAsync(Zoe, target.EventId);
        var second = await RedactionAsync(Zoe, first.EventId);
        await PlayAsync("RKT", first, second);
        await AssertRedactedAsync(first.EventId, second.EventId);
        await AssertRedactedAsync(target.EventId, first.EventId);
    }

    private Task<Pdu> RedactionAsync(string sender, string target) =>
        EventAsync(_silo, _room, sender, EventTypes.Redaction, null, "{}", [_join.EventId], redacts: target);

    private Task PlayAsync(string order, Pdu target, params Pdu[] redactions) => PlayAsync(order, target, redactions, () => PushAsync(_silo, _room, target));

    private Task PlayAsync(string order, Pdu target, Pdu redaction, Func<Task> fill) => PlayAsync(order, target, [redaction], fill);

    private async Task PlayAsync(string order, Pdu target, Pdu[] redactions, Func<Task> arrive)
    {
        foreach (var step in order)
        {
            await (step switch
            {
                'T' => arrive(),
                'O' => _silo.RunAsync(_room, r => ReceiveOutliers.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [target.Json]))),
                'R' => PushAsync(_silo, _room, redactions),
                _ => Task.Run(_silo.Forget),
            });
        }
    }

    private async Task AssertRedactedAsync(string eventId, string redactionId)
    {
        var row = await _silo.EventAsync(eventId);
        Assert.Equal(redactionId, row.RedactedBy);
        await AssertRemembersAsync(row);
        Assert.DoesNotContain("egretted", System.Text.Encoding.UTF8.GetString(row.Json.Span), StringComparison.Ordinal);
    }

    private async Task AssertIntactAsync(Pdu target)
    {
        var row = await _silo.EventAsync(target.EventId);
        Assert.Null(row.RedactedBy);
        Assert.Equal(target.Json.Span, row.Json.Span);
        await AssertRemembersAsync(row);
    }

    // What an activation knows that received the events, and one that read them.
    private async Task AssertRemembersAsync(EventRow row)
    {
        foreach (var isFresh in new[] { false, true })
        {
            if (isFresh)
                _silo.Forget();
            var (known, current) = await _silo.RunAsync(_room, r => r.ReadAsync(ReadAsync));
            Assert.Equal(row.Json.Span, known.Pdu.Json.Span);
            Assert.Equal(row.RedactedBy is not null, known.IsRedacted);
            if (current?.EventId == row.EventId)
                Assert.Equal(row.Json.Span, current.Json.Span);
        }

        async ValueTask<(KnownEvent, Pdu?)> ReadAsync(ActiveRoom? room) =>
            ((await room!.Events.GetAsync(row.EventId))!, row.StateKey is null ? null : await room.Current.FindAsync(row.Type, row.StateKey));
    }
}
