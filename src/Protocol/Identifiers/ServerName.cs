using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OrleansMatrix.Protocol.Identifiers;

/// <summary>A homeserver's name: a host with an optional port (appendices, Server Name). Compared case-sensitively.</summary>
public readonly record struct ServerName
{
    private const int MaxBytes = 255;
    private readonly string? _value;

    private ServerName(string value) => _value = value;

    /// <summary>The name as text.</summary>
    public string Value => _value ?? "";

    /// <summary>The host, an IPv6 literal with its brackets.</summary>
    public ReadOnlySpan<char> Host => Value.AsSpan(0, HostLength(Value));

    /// <summary>The port, or null when the name has none.</summary>
    public int? Port
    {
        get
        {
            var end = HostLength(Value);
            return end < Value.Length ? int.Parse(Value.AsSpan(end + 1), NumberStyles.None, CultureInfo.InvariantCulture) : null;
        }
    }

    /// <summary>True when the host is an IPv4 or IPv6 literal and not a DNS name.</summary>
    public bool IsIpLiteral => Value.StartsWith('[') || LooksLikeIPv4(Host);

    /// <summary>True when the text is a server name.</summary>
    public static bool IsValid(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxBytes)
            return false;
        var end = HostLength(text);
        return IsValidHost(text[..end]) && (end == text.Length || IsValidPort(text[(end + 1)..]));
    }

    /// <summary>Parses a server name; false when it does not follow the grammar.</summary>
    public static bool TryParse(string? text, out ServerName name)
    {
        name = text is not null && IsValid(text) ? new ServerName(text) : default;
        return name._value is not null;
    }

    /// <summary>Parses a server name that is known to be good.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static ServerName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' is not a server name");

    /// <summary>The text, for who takes any.</summary>
    public static implicit operator string(ServerName name) => name.Value;

    /// <inheritdoc/>
    public override string ToString() => Value;

    private static int HostLength(ReadOnlySpan<char> text)
    {
        if (text.StartsWith('['))
        {
            var bracket = text.IndexOf(']');
            return bracket < 0 || (bracket + 1 < text.Length && text[bracket + 1] != ':') ? text.Length : bracket + 1;
        }

        var colon = text.IndexOf(':');
        return colon < 0 ? text.Length : colon;
    }

    private static bool IsValidHost(ReadOnlySpan<char> host)
    {
        if (host.StartsWith('['))
            return host.EndsWith(']') && IsIPv6(host[1..^1]);
        if (LooksLikeIPv4(host))
            return IsIPv4(host);
        foreach (var c in host)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.'))
                return false;
        }

        return !host.IsEmpty;
    }

    private static bool IsIPv6(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigit(c) && c is not (':' or '.'))
                return false;
        }

        return text.Length is >= 2 and <= 45 && IPAddress.TryParse(text, out var address) &&
            address.AddressFamily == AddressFamily.InterNetworkV6;
    }

    // Four groups of up to three digits cannot be meant as a DNS name.
    private static bool LooksLikeIPv4(ReadOnlySpan<char> host)
    {
        var dots = 0;
        var digits = 0;
        foreach (var c in host)
        {
            if (c == '.' && digits > 0)
            {
                dots++;
                digits = 0;
            }
            else if (!char.IsAsciiDigit(c) || ++digits > 3)
            {
                return false;
            }
        }

        return dots == 3 && digits > 0;
    }

    private static bool IsIPv4(ReadOnlySpan<char> host)
    {
        foreach (var range in host.Split('.'))
        {
            if (!byte.TryParse(host[range], NumberStyles.None, CultureInfo.InvariantCulture, out _))
                return false;
        }

        return true;
    }

    private static bool IsValidPort(ReadOnlySpan<char> port) =>
        port.Length is > 0 and <= 5 && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
