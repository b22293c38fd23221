using System.Net;
using Microsoft.AspNetCore.Http;
using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

/// <summary>By what requests are counted that come without a user.</summary>
public sealed class NetworkTests
{
    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:3::1", "2001:db8:1:3::/64")]
    [InlineData("fe80::1%2", "fe80::/64")]
    public void A_client_is_counted_by_its_network(string address, string network)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);
        Assert.Equal(network, Authenticator.NetworkOf(context));
    }
}
