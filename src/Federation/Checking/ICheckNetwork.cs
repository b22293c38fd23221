using System.Net;
using System.Net.Security;
using OrleansMatrix.Federation.Discovery;

namespace OrleansMatrix.Federation.Checking;

/// <summary>An HTTP answer, or why there is none.</summary>
/// <param name="Status">HTTP status; 0: no answer.</param>
/// <param name="Fault">Why there is no answer, for people; null: there is one.</param>
public sealed record HttpFinding(int Status, string? ContentType, ReadOnlyMemory<byte> Body, string? Fault = null);

/// <summary>A TLS handshake.</summary>
/// <param name="Fault">Why there was none, for people; null: there was one, and the rest tells of its certificate.</param>
/// <param name="Names">The names and addresses that the certificate is for.</param>
/// <param name="Errors">What .NET says about the certificate.</param>
/// <param name="ChainFault">What is wrong with its chain, the time of validity left out; null: nothing.</param>
public sealed record TlsFinding(
    string? Fault, IReadOnlyList<string> Names, DateTimeOffset NotBefore, DateTimeOffset NotAfter, SslPolicyErrors Errors, string? ChainFault)
{
    /// <summary>No handshake.</summary>
    public static TlsFinding Failed(string fault) => new(fault, [], default, default, SslPolicyErrors.None, null);
}

/// <summary>What <see cref="ServerCheck"/> asks of the network. None of it throws for what other machines do.</summary>
public interface ICheckNetwork
{
    /// <summary>Gets <c>/.well-known/matrix/server</c>, redirects followed.</summary>
    Task<HttpFinding> GetWellKnownAsync(string host, CancellationToken cancellationToken);

    /// <summary>SRV records; none if there are none.</summary>
    Task<IReadOnlyList<SrvRecord>> GetSrvAsync(string name, CancellationToken cancellationToken);

    /// <summary>A and AAAA records; none if there are none.</summary>
    Task<IReadOnlyList<IPAddress>> GetAddressesAsync(string host, CancellationToken cancellationToken);

    /// <summary>Connects and shakes hands for the name.</summary>
    Task<TlsFinding> ShakeHandsAsync(IPEndPoint endPoint, string certificateName, CancellationToken cancellationToken);

    /// <summary>Gets a path from that address, whatever its certificate.</summary>
    Task<HttpFinding> GetAsync(IPEndPoint endPoint, ServerAddress address, string path, CancellationToken cancellationToken);
}
