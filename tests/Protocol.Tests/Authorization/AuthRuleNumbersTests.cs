using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Authorization;

public class AuthRuleNumbersTests
{
    public static TheoryData<string> Lines => [.. File.ReadAllLines(TestFiles.Path("Vectors", "auth-rule-numbers.txt"))];

    [Theory]
    [MemberData(nameof(Lines))]
    public void Rules_have_the_numbers_of_the_specification(string line)
    {
        var version = RoomVersion.All.Single(v => line.StartsWith($"v{v.Id}: ", StringComparison.Ordinal));
        var numbered = Enum.GetValues<AuthRule>().Where(r => AuthRuleNumbers.Of(r, version) is not null);
        Assert.Equal(line, $"v{version.Id}: {string.Join(' ', numbered.Select(r => $"{r}={AuthRuleNumbers.Of(r, version)}"))}");
    }
}
