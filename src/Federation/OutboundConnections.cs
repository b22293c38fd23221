using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using OrleansMatrix.Federation.Discovery;

namespace OrleansMatrix.Federation;

/// <summary>
/// Makes the connections of all outgoing requests: resolves, refuses addresses that the policy does not allow, connects. Redirects are never followed by
/// the handler, so every hop passes here with its caller's knowledge.
/// </summary>
public sealed class OutboundConnections(AddressPolicy policy)
{
    /// <summary>Name of the HTTP client for requests signed by this server.</summary>
    public const string Federation = "federation";

    /// <summary>Name of the HTTP client for <c>.well-known</c>.</summary>
    public const string WellKnown = "well-known";

    /// <summary>
    /// Name of the HTTP client for URLs that other servers name. It has connections of its own: those of <see cref="Federation"/> lead where a server's
    /// delegation says, these where the URL does.
    /// </summary>
    public const string Locations = "locations";

    /// <summary>Name of the HTTP client for push gateways.</summary>
    public const string Push = "push";

    /// <summary>On a request: where to connect, other than where the URL says.</summary>
    public static readonly HttpRequestOptionsKey<ServerAddress> Address = new("OrleansMatrix.Address");

    // A slow server holds this many, and everything else for it waits; other servers have their own.
    private const int MaxConnections = 16;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    // Enough for 5 MB/s from a server that is 100 ms away.
    private const int StreamWindow = 512 * 1024;

    // One push gateway serves the users of an app on all servers.
    private const int MaxPushConnections = 64;

    /// <summary>A handler with this policy.</summary>
    /// <param name="client">The name of the client that it is for.</param>
    public SocketsHttpHandler CreateHandler(string client = Federation) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = ConnectTimeout,
        MaxConnectionsPerServer = client == Push ? MaxPushConnections : MaxConnections,
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        MaxResponseHeadersLength = 64,
        AutomaticDecompression = DecompressionMethods.None,
        SslOptions = new SslClientAuthenticationOptions(),
        ConnectCallback = ConnectAsync,

        // HTTP/2: what a server may send of one answer before it is read, and how soon a connection is given up whose other end is gone.
        InitialHttp2StreamWindowSize = StreamWindow,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        KeepAlivePingDelay = TimeSpan.FromSeconds(15),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = context.InitialRequestMessage.Options.TryGetValue(Address, out var address)
            ? (address.Host, address.Port)
            : (context.DnsEndPoint.Host.Trim('[', ']'), context.DnsEndPoint.Port);
        var candidates = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        var allowed = Array.FindAll(candidates, policy.Allows);
        if (allowed.Length == 0)
            throw new HttpRequestException(HttpRequestError.ConnectionError, candidates.Length == 0 ? $"{host} has no address"
                : $"{host} has only private addresses, which Matrix:Outbound:AllowPrivateAddresses does not allow");
        Exception? last = null;
        foreach (var candidate in allowed)
        {
            var socket = new Socket(candidate.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(candidate, port), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                last = e;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
        throw new HttpRequestException(HttpRequestError.ConnectionError, $"{host}:{port} cannot be reached", last);
    }
}
