using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Pipeline;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>
/// Takes a room over from a resident server (S-S API, Joining Rooms): every event is verified and checked against its auth events before it is stored, as an
/// outlier; the state is what is left of what the server gave; the join is the first live event.
/// </summary>
internal static class ImportRoom
{
    private const int MaxEvents = 200_000;

    public static async Task<Outcome<string>> RunAsync(RoomActivation activation, ImportedRoom import)
    {
        var services = activation.Services;
        if (!RoomVersion.TryGet(import.RoomVersion, out var version))
            return MatrixError.UnsupportedRoomVersion();
        if (import.State.Length + import.AuthChain.Length > MaxEvents)
            return MatrixError.TooLarge("The room is too large");
        var joined = await VerifyPdu.RunAsync(services.Keys, activation.RoomId, version, import.JoinEvent);
        if (joined.Pdu is not { Type: EventTypes.Member, Membership: Membership.Join } join || !services.Server.IsLocalUser(join.Sender))
            return MatrixError.Unknown(joined.Fault ?? "Not a join of a local user");

        var stateIds = new HashSet<string>(StringComparer.Ordinal);
        var events = new Dictionary<string, Pdu>(StringComparer.Ordinal);
        foreach (var (json, isState) in import.State.Select(j => (j, true)).Concat(import.AuthChain.Select(j => (j, false))))
        {
            if ((await VerifyPdu.RunAsync(services.Keys, activation.RoomId, version, json)).Pdu is not { } pdu)
                continue;
            events.TryAdd(pdu.EventId, pdu);
            if (isState)
                stateIds.Add(pdu.EventId);
        }

        var allowed = Judge(version, events, activation.RoomId);
        List<Pdu> state = [.. allowed.Where(p => p.StateKey is not null && stateIds.Contains(p.EventId))];
        if (!state.Exists(p => p.Type == EventTypes.Create))
            return MatrixError.Unknown("The room's state has no valid m.room.create");
        return activation.Room is null
            ? await activation.CreateAsync<string>(() => Empty(services, activation.RoomId, version), (room, unit) => FillAsync(room, unit, allowed, state, join))
            : await activation.ChangeAsync<string>((room, unit) => FillAsync(room, unit, allowed, state, join));
    }

    private static ActiveRoom Empty(RoomServices services, string roomId, RoomVersion version) =>
        new(services, roomId, version, StateNodeId.Empty, ActiveRoom.EmptySummary(roomId));

    /// <summary>The events that their auth events allow, those before which they come first.</summary>
    private static List<Pdu> Judge(RoomVersion version, Dictionary<string, Pdu> events, string roomId)
    {
        var create = events.Values.FirstOrDefault(p => p.Type == EventTypes.Create && p.RoomId == roomId && AuthRules.Check(version, p, new AuthState(version)).IsAllowed);
        var verdicts = new Dictionary<string, bool>(StringComparer.Ordinal);
        var allowed = new List<Pdu>();
        if (create is null)
            return allowed;
        foreach (var first in events.Values)
        {
            // Depth first without recursion: a chain can be as long as the room is old.
            var stack = new Stack<Pdu>();
            stack.Push(first);
            while (stack.TryPeek(out var pdu))
            {
                if (verdicts.ContainsKey(pdu.EventId))
                {
                    stack.Pop();
                    continue;
                }

                var open = pdu.AuthEvents.Where(id => events.ContainsKey(id) && !verdicts.ContainsKey(id)).ToList();
                if (open.Count > 0)
                {
                    // Ids are hashes of what they name, so there can be no circle (v1 and v2: an id that is its own ancestor is never allowed).
                    if (stack.Count > events.Count)
                    {
                        verdicts[pdu.EventId] = false;
                        continue;
                    }

                    open.ForEach(id => stack.Push(events[id]));
                    continue;
                }

                stack.Pop();
                var isAllowed = IsAllowed(version, pdu, create, events, verdicts);
                verdicts[pdu.EventId] = isAllowed;
                if (isAllowed)
                    allowed.Add(pdu);
            }
        }

        return allowed;
    }

    private static bool IsAllowed(RoomVersion version, Pdu pdu, Pdu create, Dictionary<string, Pdu> events, Dictionary<string, bool> verdicts)
    {
        if (ReferenceEquals(pdu, create))
            return true;
        if (pdu.Type == EventTypes.Create || pdu.AuthEvents.Any(id => !verdicts.GetValueOrDefault(id)))
            return false;
        List<AuthEvent> named = [.. pdu.AuthEvents.Select(id => new AuthEvent(events[id], false))];
        return AuthRules.CheckAuthEvents(version, pdu, named).IsAllowed &&
            AuthRules.Check(version, pdu, new AuthState(version, named.Select(e => e.Pdu).Append(create))).IsAllowed;
    }

    private static async ValueTask<Outcome<string>> FillAsync(ActiveRoom room, RoomUnit unit, List<Pdu> allowed, List<Pdu> state, Pdu join)
    {
        if (await room.Events.GetAsync(join.EventId) is { StateBefore: not null })
            return join.EventId;
        var before = room.View(room.Map.Build(state.Select(p => new StateEntry(p.Type, p.StateKey!, p.EventId))));
        var known = await room.Events.GetManyAsync(allowed.Select(p => p.EventId));
        foreach (var pdu in allowed.Where(p => !known.ContainsKey(p.EventId)))
            unit.AddAside(pdu, EventStatus.Outlier, null);
        if (await CheckState.FindFaultAsync(room, join, before) is { } fault)
            return MatrixError.Forbidden(fault);
        // What this server remembers of the room is from before it left.
        room.Extremities = [];
        await unit.AppendAsync(join, before, EventOrigin.None, distribute: false);
        unit.AddGap([.. join.PrevEvents]);
        return join.EventId;
    }
}
