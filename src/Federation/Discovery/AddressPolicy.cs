using System.Net;
using System.Net.Sockets;

namespace OrleansMatrix.Federation.Discovery;

/// <summary>
/// Which addresses outgoing requests may reach: without leave, no address that is private, local, reserved or a disguise of one. It is applied to the
/// address that is connected to, after resolution, so that no name and no redirect gets around it.
/// </summary>
public sealed class AddressPolicy(bool allowPrivate)
{
    private static readonly IPNetwork[] Refused = [.. new[]
    {
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
        "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    }.Select(IPNetwork.Parse)];

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>Whether a connection to the address is allowed.</summary>
    public bool Allows(IPAddress address) => allowPrivate || !IsPrivate(address);

    private static bool IsPrivate(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            // An IPv4 address inside is what is reached in the end.
            var bytes = address.GetAddressBytes();
            if (Nat64.Contains(address) && IsPrivate(new IPAddress(bytes.AsSpan(12, 4))))
                return true;
            if (SixToFour.Contains(address) && IsPrivate(new IPAddress(bytes.AsSpan(2, 4))))
                return true;
            // ISATAP (RFC 5214): a tunnel to the IPv4 address at the end, whatever the prefix.
            if (bytes.AsSpan(8, 4) is [0 or 2, 0, 0x5e, 0xfe] && IsPrivate(new IPAddress(bytes.AsSpan(12, 4))))
                return true;
            // IPv4-compatible, and IPv4-translated (RFC 2765, ::ffff:0:0:0/96).
            if (bytes.AsSpan(0, 8).IndexOfAnyExcept((byte)0) < 0 && bytes.AsSpan(8, 4) is [0, 0, 0, 0] or [0xff, 0xff, 0, 0])
                return true;
        }
        return Array.Exists(Refused, network => network.Contains(address));
    }
}
