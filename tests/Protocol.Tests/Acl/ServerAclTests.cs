using System.Text.Json;
using OrleansMatrix.Protocol.Acl;

namespace OrleansMatrix.Protocol.Tests.Acl;

public class ServerAclTests
{
    [Theory]
    [InlineData("""{"allow":["*"]}""", "good.com", true)]
    [InlineData("""{"allow":["*"],"deny":["*.evil.com","evil.com"]}""", "evil.com", false)]
    [InlineData("""{"allow":["*"],"deny":["*.evil.com","evil.com"]}""", "EVIL.com", false)]
    [InlineData("""{"allow":["*"],"deny":["*.EVIL.com","evil.com"]}""", "very.evil.com", false)]
    [InlineData("""{"allow":["*"],"deny":["evil.com"]}""", "evil.com:8448", false)]
    [InlineData("""{"allow":["*"],"deny":["evil.com:8448"]}""", "evil.com:8448", true)]
    [InlineData("""{"allow":["*"],"deny":["evil.com"]}""", "notevil.com", true)]
    [InlineData("""{"allow":["*"],"deny":["evil.???"]}""", "evil.com", false)]
    [InlineData("""{"allow":["good.com"]}""", "other.com", false)]
    [InlineData("""{"deny":["evil.com"]}""", "good.com", false)]
    [InlineData("""{"allow":["*"],"allow_ip_literals":false}""", "1.2.3.4", false)]
    [InlineData("""{"allow":["*"],"allow_ip_literals":false}""", "1.2.3.4:8448", false)]
    [InlineData("""{"allow":["*"],"allow_ip_literals":false}""", "[::1]:8448", false)]
    [InlineData("""{"allow":["*"],"allow_ip_literals":false}""", "1.2.3.example", true)]
    [InlineData("""{"allow":["*"],"allow_ip_literals":"false"}""", "1.2.3.4", true)]
    [InlineData("""{"allow":["*"]}""", "[::1]", true)]
    [InlineData("""{"allow":["*"],"deny":["[::1]"]}""", "[::1]:80", false)]
    [InlineData("""{"allow":[1,{},"*"],"deny":"good.com"}""", "good.com", true)]
    [InlineData("""{"allow":["*"]}""", "not a server", false)]
    [InlineData("{}", "good.com", false)]
    [InlineData("[]", "good.com", false)]
    public void Servers_are_let_in_as_the_event_says(string content, string server, bool expected)
    {
        using var document = JsonDocument.Parse(content);
        Assert.Equal(expected, ServerAcl.Parse(document.RootElement).IsAllowed(server));
    }
}
