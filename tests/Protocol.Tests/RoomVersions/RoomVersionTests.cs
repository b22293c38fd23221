using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.RoomVersions;

public class RoomVersionTests
{
    [Fact]
    public void All_twelve_versions_are_found_by_their_ids()
    {
        Assert.Equal(Enumerable.Range(1, 12).Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)), RoomVersion.All.Select(v => v.Id));
        foreach (var version in RoomVersion.All)
        {
            Assert.True(RoomVersion.TryGet(version.Id, out var found));
            Assert.Same(version, found);
        }

        Assert.False(RoomVersion.TryGet("13", out _));
        Assert.False(RoomVersion.TryGet("01", out _));
        Assert.False(RoomVersion.TryGet(null, out _));
    }

    [Fact]
    public void New_rooms_are_of_version_12() => Assert.Equal("12", RoomVersion.Default.Id);

    // The versions with a feature, as in the feature matrix and the "added in" marks of the room version pages.
    [Fact]
    public void Each_feature_is_in_the_versions_that_the_specification_says()
    {
        Assert.Equal(6..12, Having(v => v.StrictCanonicalJson));
        Assert.Equal(5..12, Having(v => v.EnforceKeyValidity));
        Assert.Equal(1..5, Having(v => v.SpecialCaseAliasesAuth));
        Assert.Equal(1..2, Having(v => v.RedactionsInAuthRules));
        Assert.Equal(1..2, Having(v => v.EventReferencesCarryHashes));
        Assert.Equal(6..12, Having(v => v.LimitNotificationsPowerLevels));
        Assert.Equal(7..12, Having(v => v.Knocking));
        Assert.Equal(8..12, Having(v => v.RestrictedJoin));
        Assert.Equal(10..12, Having(v => v.KnockRestrictedJoin));
        Assert.Equal(10..12, Having(v => v.IntegerPowerLevels));
        Assert.Equal(11..12, Having(v => v.CreatorIsSender));
        Assert.Equal(11..12, Having(v => v.RedactsInContent));
        Assert.Equal(12..12, Having(v => v.PrivilegedCreators));
        Assert.Equal(12..12, Having(v => v.RoomIdIsCreateHash));
        Assert.Equal(1..11, Having(v => v.CreateInAuthEvents));
        Assert.Equal(1..2, Having(v => v.EventIdFormat == EventIdFormat.Given));
        Assert.Equal(3..3, Having(v => v.EventIdFormat == EventIdFormat.ReferenceHash));
        Assert.Equal(1..1, Having(v => v.StateResolution == StateResolutionAlgorithm.V1));
        Assert.Equal(2..11, Having(v => v.StateResolution == StateResolutionAlgorithm.V2));
    }

    private static Range Having(Func<RoomVersion, bool> feature)
    {
        var numbers = RoomVersion.All.Where(feature).Select(v => RoomVersion.All.IndexOf(v) + 1).ToList();
        Assert.Equal(Enumerable.Range(numbers[0], numbers.Count), numbers);
        return numbers[0]..numbers[^1];
    }
}
