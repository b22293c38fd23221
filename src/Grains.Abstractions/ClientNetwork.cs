using System.Net;
using System.Net.Sockets;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>What a client is counted by: its IPv4 address, or the /64 of its IPv6 address, of which a subscriber has all addresses.</summary>
public static class ClientNetwork
{
    /// <summary>The network of an address as text; of what is no address that text.</summary>
    public static string Of(string address) => IPAddress.TryParse(address, out var parsed) ? Of(parsed) : address;

    /// <summary>The network of an address; empty if that is not known.</summary>
    public static string Of(IPAddress? address) => address switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } => $"{new IPAddress([.. address.GetAddressBytes().AsSpan(0, 8), .. new byte[8]])}/64",
        _ => address.ToString(),
    };
}
