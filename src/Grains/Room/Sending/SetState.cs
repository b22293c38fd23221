using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.Room.Sending;

/// <summary><c>PUT /rooms/{roomId}/state/{eventType}/{stateKey}</c>, but for m.room.member.</summary>
internal static class SetState
{
    public static async Task<Outcome<string>> RunAsync(RoomActivation activation, StateToSet state, CanonicalAliasCheck aliases)
    {
        if (state.Type == EventTypes.Create)
            return MatrixError.InvalidParam("A room is created once");
        if (state.Type == EventTypes.ThirdPartyInvite && state.Requester.IsGuest)
            return MatrixError.GuestAccessForbidden();
        if (state.Type == EventTypes.CanonicalAlias && await aliases.FindFaultAsync(activation, state) is { } fault)
            return fault;
        var draft = new EventDraft(state.Requester.UserId, state.Type, state.StateKey, state.Content) { Timestamp = state.Timestamp };
        var outcome = await activation.ChangeAsync<string>((room, unit) => AppendAsync(room, unit, draft));
        if (outcome.Ok && state.Type == EventTypes.GuestAccess)
            await GuestAccess.RemoveGuestsAsync(activation);
        return outcome;
    }

    /// <summary>Puts a state event in the unit, unless the room's state says the same already by the same sender: then answers that event.</summary>
    public static async ValueTask<Outcome<string>> AppendAsync(ActiveRoom room, RoomUnit unit, EventDraft draft)
    {
        var mode = room.Version.StrictCanonicalJson ? CanonicalJsonMode.Strict : CanonicalJsonMode.Lenient;
        var canonical = CanonicalJson.Encode(draft.Content.Span, mode);
        if (!canonical.TryGet(out var content, out var error))
            return error;
        // Two events with one content would differ in time only, and cost every member a sync.
        if (await room.Current.FindAsync(draft.Type, draft.StateKey!) is { } present && present.Sender == draft.Sender &&
            present.ContentJson.Span.SequenceEqual(content) && await IsJoinedAsync(room, draft.Sender))
            return present.EventId;
        var built = await BuildLocalEvent.RunAsync(room, draft);
        if (!built.TryGet(out var local, out error))
            return error;
        await unit.AppendAsync(local.Pdu, local.Before, EventOrigin.None, distribute: true);
        return local.Pdu.EventId;
    }

    private static async ValueTask<bool> IsJoinedAsync(ActiveRoom room, string userId) =>
        (await room.Current.FindAsync(EventTypes.Member, userId))?.Membership == Membership.Join;
}
