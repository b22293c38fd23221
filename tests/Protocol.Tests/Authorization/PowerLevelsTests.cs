using System.Text.Json;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Authorization;

public class PowerLevelsTests
{
    [Theory]
    [InlineData("5", "10", "50", 50)]
    [InlineData("5", "10", "\"100\"", 100)]
    [InlineData("5", "10", "\" +00100 \"", 100)]
    [InlineData("5", "10", "\" -100 \"", -100)]
    [InlineData("5", "10", "\"1e2\"", null)]
    [InlineData("5", "10", "\"- 5\"", null)]
    [InlineData("5", "10", "\"\"", null)]
    [InlineData("5", "10", "\"1_0\"", null)]
    [InlineData("1", "10", "true", null)]
    [InlineData("1", "6", "51146.98", 51146)]
    [InlineData("1", "6", "5.114698E4", 51146)]
    [InlineData("1", "6", "-0.9", 0)]
    [InlineData("1", "6", "1e400", null)]
    [InlineData("6", "13", "50.5", null)]
    [InlineData("10", "13", "\"100\"", null)]
    [InlineData("10", "13", "-7", -7)]
    public void Levels_are_read_as_the_version_spells_them(string from, string before, string json, int? expected)
    {
        foreach (var version in RoomVersion.All.Where(v => int.Parse(v.Id) >= int.Parse(from) && int.Parse(v.Id) < int.Parse(before)))
        {
            using var document = JsonDocument.Parse($$"""{"ban":{{json}}}""");
            var content = PowerLevelsContent.Parse(document.RootElement, version);
            Assert.Equal(expected, content.Ban);
            Assert.Equal(expected is not null, content.NumbersAreValid);
        }
    }

    [Theory]
    [InlineData("1e300")]
    [InlineData("\"99999999999999999999999999999999\"")]
    public void Huge_levels_before_v6_stay_below_infinity(string json)
    {
        using var document = JsonDocument.Parse($$"""{"ban":{{json}}}""");
        var level = PowerLevelsContent.Parse(document.RootElement, RoomVersion.V1).Ban;
        Assert.InRange(level!.Value, 1L << 53, PowerLevels.Infinite - 1);
    }

    [Fact]
    public void Absent_levels_have_their_defaults()
    {
        var levels = new AuthRoom(RoomVersion.V11).SetLevels("{}").State.PowerLevels;
        Assert.Equal((0, 50, 50, 50), (levels.Invite, levels.Kick, levels.Ban, levels.Redact));
        Assert.Equal((0, 0, 50), (levels.UsersDefault, levels.EventsDefault, levels.StateDefault));
        Assert.Equal(50, levels.RequiredForNotification("room"));
        Assert.Equal(0, levels.Of(AuthRoom.Creator));
    }

    [Fact]
    public void Without_the_event_the_creator_has_100_and_from_v12_infinite_power()
    {
        Assert.Equal(100, new AuthRoom(RoomVersion.V1, powerLevels: false).State.PowerLevels.Of(AuthRoom.Creator));
        Assert.Equal(100, new AuthRoom(RoomVersion.V11, powerLevels: false).State.PowerLevels.Of(AuthRoom.Creator));
        Assert.Equal(PowerLevels.Infinite, new AuthRoom(RoomVersion.V12, powerLevels: false).State.PowerLevels.Of(AuthRoom.Creator));
        Assert.Equal(0, new AuthRoom(RoomVersion.V12, powerLevels: false).State.PowerLevels.Of(AuthRoom.User));
    }

    [Fact]
    public void Additional_creators_have_infinite_power_from_v12_only()
    {
        const string content = """{"creator":"@creator:one","additional_creators":["@user:one",1]}""";
        Assert.Equal(PowerLevels.Infinite, new AuthRoom(RoomVersion.V12, content).State.PowerLevels.Of(AuthRoom.User));
        Assert.Equal(0, new AuthRoom(RoomVersion.V11, content).State.PowerLevels.Of(AuthRoom.User));
    }

    [Fact]
    public void Sending_and_notifying_take_the_levels_of_the_room()
    {
        var levels = new AuthRoom(RoomVersion.V12)
            .SetLevels("""{"events":{"m.x":10},"notifications":{"room":20},"users":{"@mod:one":15},"users_default":5}""").State.PowerLevels;
        Assert.True(levels.MaySend(AuthRoom.Mod, "m.x", isState: false));
        Assert.False(levels.MaySend(AuthRoom.User, "m.x", isState: false));
        Assert.True(levels.MaySend(AuthRoom.User, "m.y", isState: false));
        Assert.False(levels.MaySend(AuthRoom.Mod, "m.y", isState: true));
        Assert.False(levels.MayNotify(AuthRoom.Mod, "room"));
        Assert.True(levels.MayNotify(AuthRoom.Creator, "room"));
    }

    [Theory]
    [InlineData("@mod:one", "@x:two", true)]
    [InlineData("@user:one", "@x:one", true)]
    [InlineData("@user:one", "@x:two", false)]
    public void Redactions_take_effect_by_level_or_within_a_server(string sender, string target, bool expected)
    {
        foreach (var version in RoomVersion.All)
        {
            var room = new AuthRoom(version);
            var redaction = room.Event(EventTypes.Redaction, null, sender, "{}").Build();
            var redacted = room.Event("m.room.message", null, target, "{}").Build();
            Assert.Equal(expected || version.RedactionsInAuthRules, Redactions.Apply(version, redaction, redacted, room.State.PowerLevels));
        }
    }

    [Fact]
    public void Redactions_do_not_reach_into_other_rooms()
    {
        var room = new AuthRoom(RoomVersion.V11);
        var redaction = room.Event(EventTypes.Redaction, null, AuthRoom.Mod, "{}").Build();
        var redacted = (room.Event("m.room.message", null, AuthRoom.Mod, "{}") with { RoomId = "!other:one" }).Build();
        Assert.False(Redactions.Apply(RoomVersion.V11, redaction, redacted, room.State.PowerLevels));
    }
}
