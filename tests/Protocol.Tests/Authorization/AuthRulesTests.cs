using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Authorization;

public class AuthRulesTests
{
    public static TheoryData<string> Versions => [.. RoomVersion.All.Select(v => v.Id)];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_case_of_the_table_is_decided_by_its_rule(string versionId)
    {
        RoomVersion.TryGet(versionId, out var version);
        var wrong = AuthCases.All.Where(c => c.Versions(version!))
            .Select(c => (Case: c, Result: c.Try(version!)))
            .Where(t => t.Result.Rule != t.Case.Rule || t.Result.IsAllowed != t.Case.Allowed)
            .Select(t => $"{t.Case.Name}: expected {(t.Case.Allowed ? "allowed" : "rejected")} by {t.Case.Rule}, was {t.Result}");
        Assert.Empty(wrong);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_numbered_rule_has_a_case(string versionId)
    {
        RoomVersion.TryGet(versionId, out var version);
        var covered = AuthCases.All.Where(c => c.Versions(version!)).Select(c => c.Rule).ToHashSet();
        var rules = Enum.GetValues<AuthRule>();
        Assert.DoesNotContain(rules, r => AuthRuleNumbers.Of(r, version!) is not null && !covered.Contains(r));
        Assert.DoesNotContain(rules, r => AuthRuleNumbers.Of(r, version!) is null && covered.Contains(r));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Numbers_of_a_version_are_unique_and_each_rule_has_its_wording(string versionId)
    {
        RoomVersion.TryGet(versionId, out var version);
        var numbers = Enum.GetValues<AuthRule>().Select(r => AuthRuleNumbers.Of(r, version!)).OfType<string>().ToList();
        Assert.Equal(numbers.Count, numbers.Distinct().Count());
        Assert.All(Enum.GetValues<AuthRule>(), r => Assert.NotEmpty(AuthRuleNumbers.Wording(r)));
    }

    [Fact]
    public void A_verdict_names_its_rule()
    {
        var room = new AuthRoom(RoomVersion.V12).SetJoinRule("public");
        var result = room.TryMember(AuthRoom.Mod, AuthRoom.Out, "join");
        Assert.Equal("v12 5.3.2", result.RuleNumber);
        Assert.Equal("rejected by rule v12 5.3.2: users may only join for themselves", result.ToString());
    }
}
