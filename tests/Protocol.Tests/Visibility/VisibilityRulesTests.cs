using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Tests.Authorization;
using OrleansMatrix.Protocol.Visibility;

namespace OrleansMatrix.Protocol.Tests.Visibility;

public class VisibilityRulesTests
{
    private const string User = "@me:one";

    // visibility, membership: seen without a later join, seen with one
    [Theory]
    [InlineData(HistoryVisibility.WorldReadable, null, true, true)]
    [InlineData(HistoryVisibility.WorldReadable, "ban", true, true)]
    [InlineData(HistoryVisibility.Shared, "join", true, true)]
    [InlineData(HistoryVisibility.Shared, "invite", false, true)]
    [InlineData(HistoryVisibility.Shared, null, false, true)]
    [InlineData(HistoryVisibility.Shared, "leave", false, true)]
    [InlineData(HistoryVisibility.Invited, "join", true, true)]
    [InlineData(HistoryVisibility.Invited, "invite", true, true)]
    [InlineData(HistoryVisibility.Invited, "knock", false, false)]
    [InlineData(HistoryVisibility.Invited, "leave", false, false)]
    [InlineData(HistoryVisibility.Joined, "join", true, true)]
    [InlineData(HistoryVisibility.Joined, "invite", false, false)]
    [InlineData(HistoryVisibility.Joined, null, false, false)]
    public void The_five_rules_decide(HistoryVisibility visibility, string? membership, bool alone, bool withLaterJoin)
    {
        var message = Event("m.room.message", null, "{}");
        Assert.Equal(alone, VisibilityRules.MaySee(message, User, visibility, membership, joinedAfter: false));
        Assert.Equal(withLaterJoin, VisibilityRules.MaySee(message, User, visibility, membership, joinedAfter: true));
    }

    [Theory]
    [InlineData(HistoryVisibility.Joined, "world_readable", true)]
    [InlineData(HistoryVisibility.WorldReadable, "joined", true)]
    [InlineData(HistoryVisibility.Joined, "invited", false)]
    public void A_change_of_visibility_is_seen_by_who_could_before_or_after(HistoryVisibility before, string after, bool expected)
    {
        var change = Event(EventTypes.HistoryVisibility, "", $$"""{"history_visibility":"{{after}}"}""");
        Assert.Equal(expected, VisibilityRules.MaySee(change, User, before, null, joinedAfter: false));
    }

    [Theory]
    [InlineData(User, "leave", "join", true)]
    [InlineData(User, "join", "ban", true)]
    [InlineData(User, "leave", "invite", false)]
    [InlineData("@other:one", "leave", "join", false)]
    public void An_own_membership_is_seen_by_who_could_before_or_after(string target, string before, string after, bool expected)
    {
        var member = Event(EventTypes.Member, target, $$"""{"membership":"{{after}}"}""");
        Assert.Equal(expected, VisibilityRules.MaySee(member, User, HistoryVisibility.Joined, before, joinedAfter: false));
    }

    [Theory]
    [InlineData("""{"history_visibility":"world_readable"}""", HistoryVisibility.WorldReadable)]
    [InlineData("""{"history_visibility":"shared"}""", HistoryVisibility.Shared)]
    [InlineData("""{"history_visibility":"invited"}""", HistoryVisibility.Invited)]
    [InlineData("""{"history_visibility":"joined"}""", HistoryVisibility.Joined)]
    [InlineData("""{"history_visibility":"default"}""", HistoryVisibility.Shared)]
    [InlineData("""{"history_visibility":1}""", HistoryVisibility.Shared)]
    [InlineData("{}", HistoryVisibility.Shared)]
    public void What_is_not_understood_is_shared(string content, HistoryVisibility expected)
    {
        Assert.Equal(expected, HistoryVisibilities.Of(Event(EventTypes.HistoryVisibility, "", content)));
        Assert.Equal(HistoryVisibility.Shared, HistoryVisibilities.Of((Pdu?)null));
    }

    [Theory]
    [InlineData(HistoryVisibility.Shared, false, false, true)]
    [InlineData(HistoryVisibility.WorldReadable, false, false, true)]
    [InlineData(HistoryVisibility.Invited, false, true, true)]
    [InlineData(HistoryVisibility.Invited, false, false, false)]
    [InlineData(HistoryVisibility.Joined, true, false, true)]
    [InlineData(HistoryVisibility.Joined, false, true, false)]
    public void A_server_sees_what_one_of_its_users_could(HistoryVisibility visibility, bool joined, bool invited, bool expected) =>
        Assert.Equal(expected, VisibilityRules.MayServerSee(visibility, joined, invited));

    private static Pdu Event(string type, string? stateKey, string content) =>
        new TestPdu(RoomVersion.V11, "$e", type, "@sender:one", stateKey, content) { RoomId = "!room:one" }.Build();
}
