using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Tests.Authorization;
using State = System.Collections.Generic.Dictionary<OrleansMatrix.Protocol.Authorization.StateKey, string>;

namespace OrleansMatrix.Protocol.Tests.StateResolution;

/// <summary>
/// Honest and hostile servers play a room: events fork and merge at random, hostile ones go back in the graph, are authorised by old
/// states and lie about time. All events are allowed by their auth events; those that the state before them forbids are rejected.
/// </summary>
internal sealed class RandomRoom
{
    private static readonly string[] s_users = [SimRoom.Creator, "@admin:one", "@mod:two", "@a:two", "@b:three", "@evil:bad"];
    private readonly Random _random;
    private readonly List<(string Id, State After)> _history = [];
    private readonly HashSet<string> _extremities = [];
    private int _count;

    public RandomRoom(int seed, RoomVersion version)
    {
        _random = new Random(seed);
        var creators = version.PrivilegedCreators && _random.Next(4) == 0 ? "\"additional_creators\":[\"@admin:one\"]" : "";
        Room = new SimRoom(version, creators) { HasGenerations = _random.Next(4) != 0, HasCitingIndex = _random.Next(3) != 0 };
        var admin = creators.Length > 0 ? "" : "\"@admin:one\":100,";
        Append("$public", Room.Start($"{admin}\"@mod:two\":50"), []);
    }

    public SimRoom Room { get; }

    /// <summary>The places in the graph, with the state after each.</summary>
    public IReadOnlyList<(string Id, State After)> History => _history;

    public RandomRoom Play(int events)
    {
        for (var i = 0; i < events; i++)
            Step();
        return this;
    }

    /// <summary>Some states of the room, at times with a place changed as only a lying server would.</summary>
    public List<State> PickStates()
    {
        var states = Enumerable.Range(0, 2 + _random.Next(3)).Select(_ => new State(_history[_random.Next(_history.Count)].After)).ToList();
        if (_random.Next(3) == 0)
        {
            var state = states[_random.Next(states.Count)];
            for (var i = _random.Next(3); i >= 0; i--)
            {
                var any = Room.Events.Values.ElementAt(1 + _random.Next(Room.Events.Count - 1)).Pdu;
                state[new StateKey(any.Type, any.StateKey!)] = any.EventId;
            }

            if (_random.Next(3) == 0)
                state.Remove(state.Keys.ElementAt(1 + _random.Next(state.Count - 1)));
        }

        return states;
    }

    private void Step()
    {
        var isHostile = _random.Next(4) == 0;
        var prevs = isHostile && _random.Next(2) == 0
            ? [_history[_random.Next(_history.Count)]]
            : _history.Where(h => _extremities.Contains(h.Id)).OrderBy(_ => _random.Next()).Take(1 + _random.Next(3)).ToList();
        // Some forget to merge, so that forks live on.
        if (_random.Next(5) == 0)
            prevs = [_history[Math.Max(0, _history.Count - 1 - _random.Next(6))]];
        var before = prevs.Count == 1 ? prevs[0].After : Room.Resolve([.. prevs.Select(p => p.After)]);

        var (type, key, sender, content) = Move(before);
        var id = $"${_random.Next(100):d2}{_count++}";
        var draft = new TestPdu(Room.Version, id, type, sender, key, content)
        {
            RoomId = Room.RoomId,
            PrevEvents = [.. prevs.Select(p => p.Id), "$x"],
            OriginServerTs = isHostile ? _random.Next(3000) : 1000 + (10 * _count) + _random.Next(30),
            Depth = isHostile ? _random.Next(100) : _count,
            SignedBy = ["one", "two", "three", "bad"],
        };
        var authState = isHostile ? _history[_random.Next(_history.Count)].After : before;
        draft = draft with { AuthEvents = Room.AuthEventsOf(draft, authState) };
        var pdu = draft.Build();
        var auth = new AuthState(Room.Version, pdu.AuthEvents.Select(a => Room.Events[a].Pdu).Append(Room.Events["$create"].Pdu));
        if (pdu.AuthEvents.Any(a => Room.Events[a].IsRejected) || !AuthRules.Check(Room.Version, pdu, auth).IsAllowed)
            return;
        var isAllowed = AuthRules.Check(Room.Version, pdu, Room.StateOf(before)).IsAllowed;
        Room.Add(draft, isRejected: !isAllowed);
        if (isAllowed)
            Append(id, new State(before) { [new StateKey(type, key)] = id }, prevs.Select(p => p.Id));
    }

    private void Append(string id, State after, IEnumerable<string> prevs)
    {
        _history.Add((id, after));
        _extremities.Add(id);
        _extremities.ExceptWith(prevs);
    }

    private (string Type, string Key, string Sender, string Content) Move(State before)
    {
        var sender = s_users[_random.Next(s_users.Length)];
        var target = s_users[_random.Next(s_users.Length)];
        return _random.Next(12) switch
        {
            0 or 1 or 2 => (EventTypes.Member, sender, sender, Membership("join")),
            3 => (EventTypes.Member, sender, sender, Membership("leave")),
            4 => (EventTypes.Member, target, sender, Membership("leave")),
            5 => (EventTypes.Member, target, sender, Membership("ban")),
            6 => (EventTypes.Member, target, sender, Membership("invite")),
            7 or 8 => (EventTypes.PowerLevels, "", sender, Levels(before)),
            9 => (EventTypes.JoinRules, "", sender, $$"""{"join_rule":"{{Pick("public", "invite", "knock", "restricted")}}"}"""),
            10 => ("m.room.topic", "", sender, $$"""{"topic":"{{_count}}"}"""),
            _ => ("m.room.name", "", sender, $$"""{"name":"{{_count}}"}"""),
        };
    }

    private string Membership(string membership) => membership == "join" && _random.Next(4) == 0
        ? $$"""{"membership":"join","join_authorised_via_users_server":"{{s_users[_random.Next(s_users.Length)]}}"}"""
        : $$"""{"membership":"{{membership}}"}""";

    private string Levels(State before)
    {
        var levels = Room.StateOf(before).PowerLevels;
        var users = levels.Content?.Users.ToDictionary() ?? [];
        var user = s_users[_random.Next(s_users.Length)];
        if (_random.Next(3) != 0 && !levels.IsPrivilegedCreator(user))
            users[user] = Pick(0, 10, 50, 60, 100);
        else
            users.Remove(user);
        var list = string.Join(',', users.Select(u => $"\"{u.Key}\":{u.Value}"));
        return $$"""{"users":{{{list}}},"ban":{{Pick(0, 50, 60)}},"kick":{{Pick(50, 50, 10)}},"state_default":{{Pick(50, 50, 0, 60)}} }""";
    }

    private T Pick<T>(params T[] values) => values[_random.Next(values.Length)];
}
