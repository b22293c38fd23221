using System.Collections.Immutable;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>S-S API, Checks performed on receipt of a PDU, step 4: the event is allowed by the auth events that it names.</summary>
internal static class CheckAuthEvents
{
    /// <summary>Why it is rejected, or null; with the auth events that are missing it is not judged.</summary>
    public static async ValueTask<(string? Fault, ImmutableArray<string> Missing)> RunAsync(ActiveRoom room, Pdu pdu)
    {
        var known = await room.Events.GetManyAsync(pdu.AuthEvents);
        ImmutableArray<string> missing = [.. pdu.AuthEvents.Where(id => !known.ContainsKey(id))];
        foreach (var id in missing)
        {
            if (await room.Events.IsOfAnotherRoomAsync(id))
                return (Fault(AuthResult.Reject(room.Version, AuthRule.AuthEventsOtherRoom)), []);
        }

        if (!missing.IsEmpty)
            return (null, missing);
        List<AuthEvent> named = [.. pdu.AuthEvents.Select(id => known[id]).Select(e => new AuthEvent(e.Pdu, e.Status.HasFlag(EventStatus.Rejected)))];
        var verdict = AuthRules.CheckAuthEvents(room.Version, pdu, named);
        if (verdict.IsAllowed)
        {
            // From v12 on the create event is known by the room's id and not named.
            var create = await room.Current.FindAsync(EventTypes.Create, "");
            var state = named.Select(e => e.Pdu).Concat(create is null ? [] : [create]);
            verdict = AuthRules.Check(room.Version, pdu, new NamedState(room.Version, state, room.NamedLevels));
        }

        return (verdict.IsAllowed ? null : Fault(verdict), []);
    }

    private static string Fault(AuthResult verdict) => $"auth events: {verdict}";
}
