using System.Net;
using OrleansMatrix.Federation.Discovery;

namespace OrleansMatrix.Federation.Tests;

public sealed class AddressPolicyTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("fd00::1")]
    [InlineData("fe80::1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::10.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:7f00:1::1")]
    [InlineData("64:ff9b:1::101:101")]
    [InlineData("64:ff9b:1:abcd::a00:1")]
    [InlineData("::ffff:0:10.0.0.1")]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2")]
    [InlineData("2606:4700::5efe:10.0.0.1")]
    [InlineData("2606:4700::200:5efe:192.168.1.1")]
    [InlineData("2001:20::1")]
    [InlineData("3fff::1")]
    [InlineData("100:0:0:1::1")]
    public void Private_addresses_and_their_disguises_need_leave(string address)
    {
        Assert.False(new AddressPolicy(allowPrivate: false).Allows(IPAddress.Parse(address)));
        Assert.True(new AddressPolicy(allowPrivate: true).Allows(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("172.32.0.1")]
    [InlineData("100.128.0.1")]
    [InlineData("2606:4700::1111")]
    [InlineData("64:ff9b::101:101")]
    [InlineData("2001:200::1")]
    [InlineData("2606:4700::5efe:101:101")]
    public void Public_addresses_do_not(string address) => Assert.True(new AddressPolicy(allowPrivate: false).Allows(IPAddress.Parse(address)));
}
