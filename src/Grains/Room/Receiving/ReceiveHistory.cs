using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>
/// Fills a gap in the room's history with events that another server gave (S-S API, Backfilling and retrieving missing events). An event gets a place only if
/// events of the history lead back to it; it passes the checks on receipt of a PDU but for that against the current state, which is later than it.
/// </summary>
internal static class ReceiveHistory
{
    private const int MaxPdus = 200;

    public static async Task<Outcome<HistoryReceived>> RunAsync(RoomActivation activation, HistoricPdus historic)
    {
        if (historic.Pdus.Length > MaxPdus)
            return MatrixError.InvalidParam("Too many events at once");
        if (activation.Room is not { } present)
            return MatrixError.NotFound("Unknown room");
        if (!await activation.ReadAsync(async room => await room!.AllowsServerAsync(historic.Origin)))
            return MatrixError.Forbidden("The server is denied by m.room.server_acl");
        var given = new Dictionary<string, Pdu>(StringComparer.Ordinal);
        foreach (var pdu in (await VerifyPdus.RunAsync(activation.Services.Keys, activation.RoomId, present.Version, historic.Pdus)).Select(item => item.Pdu)
            .OfType<Pdu>())
            given.TryAdd(pdu.EventId, pdu);

        return await activation.ChangeAsync<HistoryReceived>(async (room, unit) =>
        {
            // What is missing where is read from storage, which earlier units on their way may change.
            await activation.WaitForCommitsAsync();
            return historic.Anchor is { } anchor
                ? await FillAsync(room, unit, historic, anchor, given)
                : await AddDetachedAsync(room, unit, given.Values.FirstOrDefault(), historic.States.FirstOrDefault()?.State ?? default);
        });
    }

    private static async ValueTask<Outcome<HistoryReceived>> FillAsync(
        ActiveRoom room, RoomUnit unit, HistoricPdus historic, long anchor, Dictionary<string, Pdu> given)
    {
        var gap = await GapWalk.RunAsync(room, anchor, given);
        if (!historic.IsLastTry && await FindMissingAsync(room, gap, historic) is { IsMissing: true } missing)
            return missing;
        var states = historic.States.DistinctBy(s => s.EventId).ToDictionary(s => s.EventId, s => s.State, StringComparer.Ordinal);
        var place = await LowestAsync(room, anchor) - gap.NewestFirst.Count;
        var placed = new List<Pdu>();
        var arrivals = await Arrivals.ReadAsync(room, [.. gap.NewestFirst.Select(p => p.EventId)]);
        foreach (var pdu in Enumerable.Reverse(gap.NewestFirst))
        {
            if (await JudgeAsync(room, unit, pdu, arrivals, states.GetValueOrDefault(pdu.EventId), new HistoryOrder(anchor, place++)))
                placed.Add(pdu);
        }

        await unit.FollowAsync(placed);
        var events = room.Services.Storage.Events;
        if (gap.Closed.Count > 0)
            events.RemoveBackwardExtremities(unit.Unit, room.RoomId, gap.Closed);
        if (gap.Open.Count > 0)
            events.AddBackwardExtremities(unit.Unit, room.RoomId, gap.Open, anchor);
        return new HistoryReceived(placed.Count, gap.Closed.Count, [], []);
    }

    /// <summary>
    /// A single event that somebody asked for. No event of the history leads back to it yet, so it stands by itself within a gap, with gaps before and behind
    /// it. Its claimed time decides in which, and nothing else.
    /// </summary>
    private static async ValueTask<Outcome<HistoryReceived>> AddDetachedAsync(ActiveRoom room, RoomUnit unit, Pdu? pdu, ImmutableArray<string> state)
    {
        var nothing = new HistoryReceived(0, 0, [], []);
        if (pdu is null || pdu.PrevEvents.IsEmpty || state.IsDefault ||
            (await room.Events.GetAsync(pdu.EventId) is { } known && known.Status != EventStatus.Outlier) || await FindPlaceAsync(room, pdu) is not { } anchor)
            return nothing;
        var arrivals = await Arrivals.ReadAsync(room, [pdu.EventId]);
        if (!await JudgeAsync(room, unit, pdu, arrivals, state, new HistoryOrder(anchor, -1)))
            return nothing;
        if (!arrivals.IsMissing(pdu.EventId))
            unit.AddDetached(pdu);
        var before = await room.Events.GetManyAsync(pdu.PrevEvents);
        var open = pdu.PrevEvents.Where(id => !before.TryGetValue(id, out var row) || row.Status.HasFlag(EventStatus.Outlier)).ToList();
        room.Services.Storage.Events.AddBackwardExtremities(unit.Unit, room.RoomId, open, anchor);
        return nothing with { Placed = 1 };
    }

    /// <summary>An anchor of its own within the gap in which the event of that time must be; null if there is no such gap, or no room in it.</summary>
    private static async ValueTask<long?> FindPlaceAsync(ActiveRoom room, Pdu pdu)
    {
        var events = room.Services.Storage.Events;
        var next = await events.ByTimestampAsync(room.RoomId, pdu.OriginServerTs, Direction.Forward);
        var after = next?.Order is { } place ? new HistoryOrder(place.Anchor - 1, 0) : HistoryOrder.End;
        var gap = await events.FindGapAsync(room.RoomId, after, HistoryOrder.End, Direction.Forward) ??
            await events.FindGapAsync(room.RoomId, HistoryOrder.Start, HistoryOrder.End, Direction.Backward);
        if (gap is not { } end)
            return null;
        var below = await events.RangeAsync(room.RoomId, HistoryOrder.Start, new HistoryOrder(end - 1, 0), Direction.Backward, 1);
        return FreeAnchor(below is [{ Order: { } order }] ? order.Anchor : null, end);
    }

    /// <summary>
    /// A place between two anchors. Below all that is here, where there are no positions, there is room without end for events that are older, or newer, than
    /// those fetched before; between two of these it is halved. Between live events there is no more of it than positions.
    /// </summary>
    private static long? FreeAnchor(long? low, long high)
    {
        const long First = -(1L << 61);
        const long Stride = 1L << 40;
        if (low is not { } start)
            return high > 0 ? First : high - Stride > 2 * First ? high - Stride : null;
        var free = high - start;
        var anchor = start + (free >= 2 * Stride ? Stride : free / 2);
        return anchor > start && anchor < high ? anchor : null;
    }

    private static async ValueTask<HistoryReceived> FindMissingAsync(ActiveRoom room, GapWalk gap, HistoricPdus historic)
    {
        var ids = gap.NewestFirst.Select(p => p.EventId).ToHashSet(StringComparer.Ordinal);
        var asked = historic.States.Select(s => s.EventId).ToHashSet(StringComparer.Ordinal);
        var before = await room.Events.GetManyAsync(gap.NewestFirst.SelectMany(p => p.PrevEvents).Where(id => !ids.Contains(id)));
        ImmutableArray<string> needState =
        [
            .. gap.NewestFirst.Where(p => !p.PrevEvents.IsEmpty && !asked.Contains(p.EventId) &&
                !p.PrevEvents.All(id => ids.Contains(id) || before.GetValueOrDefault(id)?.StateBefore is not null))
                .Select(p => p.EventId),
        ];
        var auth = gap.NewestFirst.SelectMany(p => p.AuthEvents).Where(id => !ids.Contains(id)).Distinct(StringComparer.Ordinal).ToList();
        var known = await room.Events.GetManyAsync(auth);
        return new HistoryReceived(0, 0, needState, [.. auth.Where(id => !known.ContainsKey(id))]);
    }

    /// <summary>True if the event got the place.</summary>
    private static async ValueTask<bool> JudgeAsync(
        ActiveRoom room, RoomUnit unit, Pdu pdu, Arrivals arrivals, ImmutableArray<string> given, HistoryOrder place)
    {
        var known = arrivals.Find(pdu.EventId);
        if (pdu.Type == EventTypes.Create || pdu.PrevEvents.IsEmpty)
        {
            // The room's own create event is known since the room is; there is no other.
            if ((await room.Current.FindAsync(EventTypes.Create, ""))?.EventId != pdu.EventId)
                return false;
            unit.AddToGap(pdu, place, StateNodeId.Empty, known, isWhole: true);
            return true;
        }

        var (fault, missing) = await CheckAuthEvents.RunAsync(room, pdu);
        if (!missing.IsEmpty)
            return false;
        // What was before this server's join has a state of its own, or none that is known; that of the join says nothing of it.
        var (state, missingBefore) = await FindStateBefore.RunAsync(room, pdu, given.IsDefaultOrEmpty ? default : given);
        var isWhole = !missingBefore.IsEmpty || room.Partial?.IsFollowedBy(pdu) != true;
        await ReceivePdu.RedactGivenAsync(room, unit, given);
        var before = state is { } root ? room.View(root) : null;
        if (fault is null && before is not null)
            fault = await CheckState.FindFaultAsync(room, pdu, before, isWhole);
        if (fault is not null || known?.Status.HasFlag(EventStatus.Rejected) == true)
        {
            unit.AddAside(pdu, EventStatus.Rejected, state, known, isWhole);
            await Redactions.ApplyPendingAsync(room, unit, pdu.EventId, arrivals.IsAwaited(pdu.EventId));
            return false;
        }

        unit.AddToGap(pdu, place, state, known, isWhole);
        if (before is not null && pdu is { Type: EventTypes.Redaction, Redacts: not null })
        {
            await before.LoadAsync();
            await Redactions.ApplyAsync(room, unit, pdu, before.PowerLevels);
        }

        await Redactions.ApplyPendingAsync(room, unit, pdu.EventId, arrivals.IsAwaited(pdu.EventId));
        return true;
    }

    /// <summary>The lowest place taken at the anchor.</summary>
    private static async ValueTask<long> LowestAsync(ActiveRoom room, long anchor)
    {
        var lowest = await room.Services.Storage.Events.RangeAsync(
            room.RoomId, new HistoryOrder(anchor, long.MinValue), new HistoryOrder(anchor, 0), Direction.Forward, 1);
        return lowest is [{ Order: { } order }] ? order.Minor : 0;
    }
}
