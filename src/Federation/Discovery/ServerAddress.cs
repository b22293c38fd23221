using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Federation.Discovery;

/// <summary>Where and how to reach a server (S-S API, Resolving server names).</summary>
/// <param name="Host">What to connect to: an IP literal (IPv6 without brackets) or a host name to resolve by A and AAAA.</param>
/// <param name="Port">1 to 65,535.</param>
/// <param name="HostHeader">The Host header to send.</param>
/// <param name="CertificateName">The name or address that the server's certificate must be valid for.</param>
/// <param name="Step">The step of the specification's procedure that gave it, for people: "3.2".</param>
public sealed record ServerAddress(string Host, int Port, string HostHeader, string CertificateName, string Step)
{
    /// <summary>The port of servers that name none.</summary>
    public const int DefaultPort = 8448;

    /// <summary>Steps 1 and 2 (3.1 and 3.2 for a delegated name): a literal address or an explicit port needs no further look-up. Null: neither.</summary>
    public static ServerAddress? Direct(ServerName name, string literalStep, string portStep)
    {
        var host = name.Host.Trim("[]").ToString();
        if (name.IsIpLiteral)
            return new ServerAddress(host, name.Port ?? DefaultPort, name.Value, host, literalStep);
        return name.Port is { } port ? new ServerAddress(host, port, name.Value, host, portStep) : null;
    }
}
