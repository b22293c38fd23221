using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>Judges one verified remote event within the room's turn and puts it where it belongs. Repeating it changes nothing.</summary>
internal static class ReceivePdu
{
    /// <param name="given">Event ids of the state before, for an event whose previous events cannot be had; else default.</param>
    /// <param name="atMissing">Instead: the states before those previous events.</param>
    /// <param name="distribute">This server took the event in and has to send it on.</param>
    /// <param name="arrivals">What was read of the event already.</param>
    public static async ValueTask<JudgedPdu> RunAsync(
        ActiveRoom room, RoomUnit unit, Pdu pdu, ImmutableArray<string> given, bool distribute, ImmutableArray<StateAtEvent> atMissing = default,
        Arrivals? arrivals = null)
    {
        arrivals ??= await Arrivals.ReadAsync(room, [pdu.EventId]);
        var known = arrivals.Find(pdu.EventId);
        if (known is not null && !known.Status.HasFlag(EventStatus.Outlier) && !room.Detached.Contains(pdu.EventId))
            return known is { StateBefore: null, Status: EventStatus.Rejected } ? await RestateAsync(room, unit, known, given, atMissing)
                : Verdict(pdu, OfStatus(known.Status));
        if (known is null && await OtherRoomHasIdAsync(room, pdu))
            return Verdict(pdu, PduVerdict.Dropped, "An event of another room has its id");
        // The room's own create event is known; a second one would start a history of its own.
        if (pdu.Type == EventTypes.Create || pdu.PrevEvents.IsEmpty)
            return Verdict(pdu, PduVerdict.Dropped, "Only the create event has no previous events");

        var (fault, missing) = await CheckAuthEvents.RunAsync(room, pdu);
        if (!missing.IsEmpty)
            return Verdict(pdu, PduVerdict.MissingAuthEvents, missing: missing);
        var (state, missingBefore) = await FindStateBefore.RunAsync(room, pdu, given, atMissing);
        if (state is null && fault is null)
            return Verdict(pdu, PduVerdict.MissingPrevEvents, missing: missingBefore);
        unit.ReplaceDetached(pdu);
        await RedactGivenAsync(room, unit, given, atMissing);
        var before = state is null ? null : room.View(state.Value);
        if (fault is null && await CheckState.FindFaultAsync(room, pdu, before!) is { } faultBefore)
            fault = $"state before: {faultBefore}";
        if (fault is not null)
        {
            unit.AddAside(pdu, EventStatus.Rejected, state, known);
            await Redactions.ApplyPendingAsync(room, unit, pdu.EventId, arrivals.IsAwaited(pdu.EventId));
            return Verdict(pdu, PduVerdict.Rejected, fault, state is null ? missingBefore : []);
        }

        var faultNow = await CheckState.FindFaultAsync(room, pdu, room.Current) is { } fault6 ? $"current state: {fault6}" : null;
        if (faultNow is null && await room.FindPolicyAsync() is { } policy && !policy.Recommends(pdu))
            faultNow = $"the policy server {policy.Via} does not recommend it";
        if (faultNow is not null)
        {
            unit.AddAside(pdu, EventStatus.SoftFailed, state, known);
            await Redactions.ApplyPendingAsync(room, unit, pdu.EventId, arrivals.IsAwaited(pdu.EventId));
            return Verdict(pdu, PduVerdict.SoftFailed, faultNow);
        }

        // Room v3, Handling redactions: one that can never apply is kept from clients.
        if (pdu is { Type: EventTypes.Redaction, Redacts: { } redacts } && await room.Events.IsOfAnotherRoomAsync(redacts))
        {
            unit.AddAside(pdu, EventStatus.SoftFailed, state, known);
            await Redactions.ApplyPendingAsync(room, unit, pdu.EventId, arrivals.IsAwaited(pdu.EventId));
            return Verdict(pdu, PduVerdict.SoftFailed, "it redacts an event of another room");
        }

        // Judging with the current state may have made the view of it forget; what follows reads power levels of the state before.
        await before!.LoadAsync();
        // What was missing in a gap is news for clients all the same.
        var isFollowed = !distribute && arrivals.IsMissing(pdu.EventId);
        await unit.AppendAsync(pdu, before, EventOrigin.None, distribute, isFollowed, known);
        if (isFollowed)
            room.Services.Storage.Events.RemoveBackwardExtremities(unit.Unit, room.RoomId, [pdu.EventId]);
        if (!missingBefore.IsEmpty)
            unit.AddGap(missingBefore);
        await Redactions.ApplyPendingAsync(room, unit, pdu.EventId, arrivals.IsAwaited(pdu.EventId));
        return Verdict(pdu, PduVerdict.Accepted);
    }

    /// <summary>Until room v3 a server says itself which id its event has.</summary>
    public static async ValueTask<bool> OtherRoomHasIdAsync(ActiveRoom room, Pdu pdu) =>
        room.Version.EventIdFormat == EventIdFormat.Given && await room.Events.IsOfAnotherRoomAsync(pdu.EventId);

    /// <summary>Applies redactions that came before the events of a state that was given, which are stored by others than the room, too.</summary>
    public static async ValueTask RedactGivenAsync(
        ActiveRoom room, RoomUnit unit, ImmutableArray<string> given, ImmutableArray<StateAtEvent> atMissing = default)
    {
        if (!given.IsDefaultOrEmpty)
            await Redactions.ApplyPendingAsync(room, unit, given);
        foreach (var at in atMissing.IsDefault ? [] : atMissing)
            await Redactions.ApplyPendingAsync(room, unit, at.State);
    }

    /// <summary>
    /// The auth events of an event that was rejected were enough to know that; the state before it is wanted for those that follow it (S-S API, Rejection: "The
    /// state used in the checks should be calculated as normal, except not updating with the rejected event").
    /// </summary>
    private static async ValueTask<JudgedPdu> RestateAsync(
        ActiveRoom room, RoomUnit unit, KnownEvent known, ImmutableArray<string> given, ImmutableArray<StateAtEvent> atMissing)
    {
        var (state, missing) = await FindStateBefore.RunAsync(room, known.Pdu, given, atMissing);
        if (state is not null)
            unit.Restate(known with { StateBefore = state });
        return Verdict(known.Pdu, PduVerdict.Rejected, missing: state is null ? missing : []);
    }

    private static PduVerdict OfStatus(EventStatus status) =>
        status.HasFlag(EventStatus.Rejected) ? PduVerdict.Rejected : status.HasFlag(EventStatus.SoftFailed) ? PduVerdict.SoftFailed : PduVerdict.Duplicate;

    private static JudgedPdu Verdict(Pdu pdu, PduVerdict verdict, string? reason = null, ImmutableArray<string> missing = default) =>
        new(pdu.EventId, verdict, reason, missing.IsDefault ? [] : missing);
}
