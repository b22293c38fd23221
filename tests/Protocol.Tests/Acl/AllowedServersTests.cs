using OrleansMatrix.Protocol.Acl;

namespace OrleansMatrix.Protocol.Tests.Acl;

public sealed class AllowedServersTests
{
    [Theory]
    [InlineData("good.example", true)]
    [InlineData("matrix.good.example:8448", true)]
    [InlineData("bad.good.example", false)]
    [InlineData("BAD.good.example:1", false)]
    [InlineData("else.where", false)]
    [InlineData("5.5.5.5:8448", true)]
    [InlineData("5.5.5.5:8449", false)]
    [InlineData("no server name", false)]
    public void Servers_must_match_the_allow_list_if_there_is_one_and_nothing_of_the_deny_list(string server, bool allowed) =>
        Assert.Equal(allowed, new AllowedServers(["good.example", "*.good.example", "5.5.5.5:8448"], ["bad.*"]).Allows(server));

    [Fact]
    public void Without_lists_all_servers_are_allowed()
    {
        Assert.True(AllowedServers.Open.Allows("any.where"));
        Assert.False(AllowedServers.Open.Allows(""));
    }
}
