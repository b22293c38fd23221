using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Tests.Authorization;
using State = System.Collections.Generic.Dictionary<OrleansMatrix.Protocol.Authorization.StateKey, string>;

namespace OrleansMatrix.Protocol.Tests.StateResolution;

public class ResolutionScaleTests
{
    [Theory]
    [InlineData("11")]
    [InlineData("12")]
    public void A_small_fork_at_the_end_of_long_chains_looks_at_few_events(string versionId)
    {
        RoomVersion.TryGet(versionId, out var version);
        var room = new SimRoom(version!);
        var state = room.Start("\"@mod:one\":50");
        state = room.Member(state, "mod", "@mod:one", "join");
        for (var i = 0; i < 2000; i++)
            state = Levels(room, state, $"l{i}", i);
        for (var i = 0; i < 1000; i++)
            state = room.Member(state, $"m{i}", $"@m{i}:two", "join");
        var left = Levels(room, room.Send(state, "t1", "m.room.topic", "", "@mod:one", "{}"), "left", -1);
        var middle = room.Send(room.Member(state, "gone", "@m5:two", "leave", ts: 2000), "t2", "m.room.topic", "", SimRoom.Creator, "{}", ts: 2000);
        var right = Levels(room, Levels(room, state, "right1", -2), "right2", -3);
        var resolved = room.Resolve(out var source, left, middle, right);
        Assert.Equal("$gone", resolved[new StateKey(EventTypes.Member, "@m5:two")]);
        Assert.Equal("$right2", resolved[new StateKey(EventTypes.PowerLevels, "")]);
        Assert.Equal("$t2", resolved[new StateKey("m.room.topic", "")]);
        Assert.InRange(source.Loaded.Count, 1, 40);
    }

    [Fact]
    public void A_chain_of_ten_thousand_does_not_exhaust_the_stack()
    {
        var room = new SimRoom(RoomVersion.V12) { HasGenerations = false, HasCitingIndex = false };
        var state = room.Start();
        var old = state;
        for (var i = 0; i < 10_000; i++)
        {
            var pdu = room.Add(new TestPdu(RoomVersion.V12, $"$l{i}", EventTypes.PowerLevels, SimRoom.Creator, "", "{}")
            {
                RoomId = room.RoomId,
                PrevEvents = ["$x"],
                AuthEvents = [state[new StateKey(EventTypes.PowerLevels, "")], "$creator"],
            });
            state = new State(state) { [new StateKey(EventTypes.PowerLevels, "")] = pdu.EventId };
        }

        Assert.Equal("$l9999", room.Resolve(old, state)[new StateKey(EventTypes.PowerLevels, "")]);
    }

    private static State Levels(SimRoom room, State before, string name, int kick) =>
        room.Send(before, name, EventTypes.PowerLevels, "", SimRoom.Creator,
            $$"""{"users":{{{room.Users("\"@mod:one\":50")}}},"kick":{{Math.Abs(kick) % 50}}}""");
}
