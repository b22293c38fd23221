using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Serving;

/// <summary>The state before an event with its auth chain, by ids: events are read a few at a time and not kept, since a room can be large.</summary>
internal static class ServedState
{
    private const int Chunk = 500;
    private const int MaxChain = 1_000_000;
    private const int MaxHeroes = 5;

    // Fewer members are told at once: to ask for them later would cost both servers more.
    private const int MinOmitted = 50;

    public static async ValueTask<Outcome<StateListing>> ListAsync(ServedRoom served, string eventId, bool omitMembers)
    {
        var room = served.Room;
        if (await room.FindAsync(eventId) is not { StateBefore: { } before } row || row.Status.HasFlag(EventStatus.Rejected))
            return MatrixError.NotFound("The state at the event is not known");
        if (served.IsPartial(eventId))
            return MatrixError.NotFound("The state at the event is not known yet");
        var omitted = omitMembers && await HasManyMembersAsync(room);
        var entries = await room.Services.States.ListAsync(before, omitted ? StatePart.NonMembers : StatePart.All);
        List<string> state = [.. entries.OrderBy(e => e.Type == EventTypes.Member).Select(e => e.EventId)];
        if (omitted)
            state.AddRange(await HeroesAsync(room, before, row.StateKey ?? ""));
        var chain = await AuthChainAsync(room, [.. state, eventId]);
        if (omitMembers)
        {
            var told = state.ToHashSet(StringComparer.Ordinal);
            chain.RemoveAll(told.Contains);
        }

        return new StateListing([.. state], [.. chain], omitted);
    }

    private static async ValueTask<bool> HasManyMembersAsync(RoomView room)
    {
        var members = room.Services.Storage.Memberships;
        var present = await members.FirstAsync(room.RoomId, gone: false, "", MinOmitted);
        return present.Count + (await members.FirstAsync(room.RoomId, gone: true, "", MinOmitted)).Count >= MinOmitted;
    }

    /// <summary>
    /// The ids of all events that the given ones name as auth events, directly or through others. What is named comes before what names it, so that who takes
    /// them in one after the other can judge each.
    /// </summary>
    public static async ValueTask<List<string>> AuthChainAsync(RoomView room, IReadOnlyCollection<string> of)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var named = new Dictionary<string, string[]>(StringComparer.Ordinal);
        List<string> level = [.. of.Distinct(StringComparer.Ordinal)];
        while (level.Count > 0 && seen.Count < MaxChain)
        {
            foreach (var some in level.Chunk(Chunk))
            {
                foreach (var row in await room.Services.Storage.Events.GetManyAsync(some))
                {
                    // What was rejected may name events of any room.
                    if (row.RoomId == room.RoomId)
                        named[row.EventId] = [.. Pdu.AuthEventsOfStored(row.Json.Span, room.Version).Select(Once)];
                }
            }

            level = [.. level.SelectMany(id => named.GetValueOrDefault(id) ?? []).Distinct(StringComparer.Ordinal).Where(id => !named.ContainsKey(id))];
        }

        return [.. NamedFirst(of, named).Where(seen.Contains)];

        // One string for each id, however many name it.
        string Once(string id) => seen.Add(id) ? id : seen.TryGetValue(id, out var known) ? known : id;
    }

    /// <summary>The ids and all that they name: each once, behind those that it names itself.</summary>
    private static List<string> NamedFirst(IReadOnlyCollection<string> of, Dictionary<string, string[]> named)
    {
        var order = new List<string>(named.Count);
        var begun = new HashSet<string>(StringComparer.Ordinal);
        var path = new Stack<(string Id, int Next)>();
        foreach (var start in of)
        {
            if (begun.Add(start))
                path.Push((start, 0));
            while (path.TryPop(out var at))
            {
                var below = named.GetValueOrDefault(at.Id) ?? [];
                if (at.Next == below.Length)
                {
                    order.Add(at.Id);
                    continue;
                }

                path.Push(at with { Next = at.Next + 1 });
                if (begun.Add(below[at.Next]))
                    path.Push((below[at.Next], 0));
            }
        }

        return order;
    }

    // "If the room to be joined has no m.room.name nor m.room.canonical_alias events in its current state, the resident server should determine the room
    // members who would be included in the m.heroes property".
    private static async ValueTask<List<string>> HeroesAsync(RoomView room, StateNodeId state, string joining)
    {
        var states = room.Services.States;
        if (await states.GetAsync(state, EventTypes.Name, "") is not null || await states.GetAsync(state, EventTypes.CanonicalAlias, "") is not null)
            return [];
        var members = room.Services.Storage.Memberships;
        var heroes = await members.FirstAsync(room.RoomId, gone: false, joining, MaxHeroes);
        if (heroes.Count == 0)
            heroes = await members.FirstAsync(room.RoomId, gone: true, joining, MaxHeroes);
        var found = new List<string>();
        foreach (var userId in heroes)
        {
            if (await states.GetAsync(state, EventTypes.Member, userId) is { } eventId)
                found.Add(eventId);
        }

        return found;
    }
}
