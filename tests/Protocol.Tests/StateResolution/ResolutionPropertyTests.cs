using FsCheck;
using FsCheck.Fluent;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using State = System.Collections.Generic.Dictionary<OrleansMatrix.Protocol.Authorization.StateKey, string>;

namespace OrleansMatrix.Protocol.Tests.StateResolution;

public class ResolutionPropertyTests
{
    private static readonly Arbitrary<RandomRoom> s_rooms = Gen.Choose(1, 1_000_000)
        .Select(seed => new RandomRoom(seed, RoomVersion.All[1 + (seed % 11)]).Play(20)).ToArbitrary();

    [Fact]
    public void The_order_of_the_states_does_not_matter() => Holds(room =>
    {
        var states = room.PickStates();
        var resolved = room.Room.Resolve(states);
        return Enumerable.Range(1, states.Count).All(i => Same(resolved, room.Room.Resolve([.. states.Skip(i), .. states.Take(i)])));
    });

    [Fact]
    public void A_state_resolved_with_itself_stays_as_it_is() => Holds(room =>
    {
        var state = room.PickStates()[^1];
        return Same(state, room.Room.Resolve(state, state, state));
    });

    [Fact]
    public void Saying_a_state_twice_changes_nothing() => Holds(room =>
    {
        var states = room.PickStates();
        return Same(room.Room.Resolve(states), room.Room.Resolve([.. states, states[0]]));
    });

    [Fact]
    public void What_all_states_have_stays_and_what_none_has_comes_only_with_auth_events() => Holds(room =>
    {
        var states = room.PickStates();
        var resolved = room.Room.Resolve(states);
        return states[0].All(e => states.Any(s => s.GetValueOrDefault(e.Key) != e.Value) || resolved.GetValueOrDefault(e.Key) == e.Value) &&
            resolved.All(e => states.Any(s => s.ContainsKey(e.Key)) || e.Key.Type.StartsWith("m.room.", StringComparison.Ordinal));
    });

    [Fact]
    public void A_branch_that_touches_other_keys_leaves_the_rest_alone() => Holds(room =>
    {
        var state = room.History[^1].After;
        if (Memberships.Of(room.Room.StateOf(state), SimRoom.Creator) != Membership.Join ||
            !room.Room.StateOf(state).PowerLevels.MaySend(SimRoom.Creator, "m.x", isState: true))
            return true;
        var left = room.Room.Send(state, "left", "m.x", "left", SimRoom.Creator, "{}");
        var right = room.Room.Send(state, "right", "m.x", "right", SimRoom.Creator, "{}");
        return Same(room.Room.Resolve(left, right), new State(state)
        {
            [new StateKey("m.x", "left")] = "$left",
            [new StateKey("m.x", "right")] = "$right",
        });
    });

    [Fact]
    public void No_conflicted_event_gets_in_that_no_state_would_allow() => Holds(room =>
    {
        // An event of one who never was in the room, and whose auth events say so, in the state of a server that lies.
        var states = room.PickStates();
        var state = room.History[^1].After;
        var draft = new Authorization.TestPdu(
            room.Room.Version, "$intruder", "m.x", "@intruder:bad", "", "{}")
        { RoomId = room.Room.RoomId, PrevEvents = ["$x", "$y"] };
        room.Room.Add(draft with { AuthEvents = room.Room.AuthEventsOf(draft, state) });
        var lie = new State(state) { [new StateKey("m.x", "")] = "$intruder" };
        return states.TrueForAll(other => !room.Room.Resolve(lie, other).ContainsKey(new StateKey("m.x", "")));
    });

    private static void Holds(Func<RandomRoom, bool> property) =>
        Prop.ForAll(s_rooms, property).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    private static bool Same(State x, State y) => x.Count == y.Count && x.All(e => y.GetValueOrDefault(e.Key) == e.Value);
}
