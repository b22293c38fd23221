using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using OrleansMatrix.Federation.Discovery;

namespace OrleansMatrix.Federation.Checking;

/// <summary>The real network.</summary>
public sealed class CheckNetwork(IHttpClientFactory clients, ISrvLookup srv, TimeProvider time) : ICheckNetwork
{
    private const int MaxRedirects = 5;
    private const int MaxBytes = 256 * 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    public async Task<HttpFinding> GetWellKnownAsync(string host, CancellationToken cancellationToken)
    {
        var client = clients.CreateClient(OutboundConnections.WellKnown);
        var url = new Uri($"https://{host}/.well-known/matrix/server");
        for (var i = 0; i <= MaxRedirects; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            var (finding, location) = await SendAsync(client, request, cancellationToken);
            if (location is null)
                return finding;
            url = new Uri(url, location);
            if (url.Scheme != Uri.UriSchemeHttps)
                return new HttpFinding(0, null, default, $"it redirects to {url}, which is not HTTPS");
        }

        return new HttpFinding(0, null, default, "it redirects in a circle");
    }

    public Task<IReadOnlyList<SrvRecord>> GetSrvAsync(string name, CancellationToken cancellationToken) => srv.LookupAsync(name, cancellationToken);

    public async Task<IReadOnlyList<IPAddress>> GetAddressesAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(host, cancellationToken);
        }
        catch (SocketException)
        {
            return [];
        }
    }

    public async Task<TlsFinding> ShakeHandsAsync(IPEndPoint endPoint, string certificateName, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(s_patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        TlsFinding? finding = null;
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(endPoint, either.Token);
            await using var tls = new SslStream(new NetworkStream(socket), leaveInnerStreamOpen: false);
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = certificateName,
                    RemoteCertificateValidationCallback = (_, certificate, chain, errors) => (finding = Describe(certificate, chain, errors)) is not null,
                },
                either.Token);
            return finding ?? TlsFinding.Failed("it has no certificate");
        }
        catch (Exception fault) when (fault is SocketException or IOException or AuthenticationException)
        {
            return finding ?? TlsFinding.Failed(fault.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return TlsFinding.Failed($"no answer within {s_patience.TotalSeconds:0} s");
        }
    }

    public async Task<HttpFinding> GetAsync(IPEndPoint endPoint, ServerAddress address, string path, CancellationToken cancellationToken)
    {
        // The certificate was looked at before; what stands behind it is told all the same.
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                TargetHost = address.CertificateName,
                RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null
            },
            ConnectCallback = async (_, stop) =>
            {
                var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await socket.ConnectAsync(endPoint, stop);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        using var client = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"https://{endPoint}{path}"));
        request.Headers.Host = address.HostHeader;
        return (await SendAsync(client, request, cancellationToken)).Finding;
    }

    private async Task<(HttpFinding Finding, Uri? Location)> SendAsync(
        HttpMessageInvoker client, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(s_patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using var answer = await client.SendAsync(request, either.Token);
            await using var stream = await answer.Content.ReadAsStreamAsync(either.Token);
            var body = new byte[MaxBytes];
            var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, either.Token);
            var finding = new HttpFinding((int)answer.StatusCode, answer.Content.Headers.ContentType?.ToString(), body.AsMemory(0, length));
            return (finding, (int)answer.StatusCode is >= 300 and < 400 ? answer.Headers.Location : null);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            return (new HttpFinding(0, null, default, fault.InnerException?.Message ?? fault.Message), null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (new HttpFinding(0, null, default, $"no answer within {s_patience.TotalSeconds:0} s"), null);
        }
    }

    private static TlsFinding? Describe(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 full)
            return null;
        var names = full.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(static extension => extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(static ip => ip.ToString()))).ToList();
        if (names.Count == 0)
            names.Add(full.GetNameInfo(X509NameType.SimpleName, forIssuer: false));

        // The time of validity is looked at by itself.
        var faults = chain?.ChainStatus.Where(static s => s.Status is not (X509ChainStatusFlags.NoError or X509ChainStatusFlags.NotTimeValid))
            .Select(static s => s.StatusInformation.Trim()).Distinct();
        var fault = errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && faults is not null ? string.Join("; ", faults) : "";
        return new TlsFinding(null, names, full.NotBefore, full.NotAfter, errors, fault.Length == 0 ? null : fault);
    }
}
