using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using OrleansMatrix.Federation.Discovery;
using OrleansMatrix.Federation.Signing;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Federation.Http;

/// <summary>Sends signed requests to other servers.</summary>
public sealed class FederationClient(LocalServer self, ServerResolver resolver, IHttpClientFactory clients, AllowedServers policy, TimeProvider time)
{
    /// <summary>Largest answer that is read unless the caller says otherwise, in bytes.</summary>
    public const int DefaultMaxBytes = 16 * 1024 * 1024;

    /// <summary>Sends a request and reads the whole answer.</summary>
    /// <param name="target">Path and query, percent-encoded, from <c>/_matrix</c>.</param>
    /// <param name="json">The body; empty for none.</param>
    /// <param name="timeout">For the whole exchange.</param>
    /// <exception cref="ServerUnreachableException">No answer, or one over the limit, or a server that the settings do not allow.</exception>
    /// <exception cref="UnsignableException">The body is no JSON.</exception>
    public Task<FederationResponse> SendAsync(
        ServerName destination, HttpMethod method, string target, ReadOnlyMemory<byte> json, TimeSpan timeout, int maxBytes = DefaultMaxBytes, bool sign = true,
        CancellationToken cancellationToken = default) =>
        SendAsync(destination, method, target, json, timeout, sign, async (answer, stop) =>
            new FederationResponse((int)answer.StatusCode, await ReadAsync(answer, maxBytes, stop)), cancellationToken);

    /// <summary>
    /// Sends a request and hands headers and body of a successful answer to <paramref name="read"/> as it comes; any other answer is read whole.
    /// </summary>
    /// <param name="maxBytes">What is longer fails the reading with <see cref="IOException"/>.</param>
    /// <returns>The answer; its body is empty if it was handed on.</returns>
    /// <exception cref="ServerUnreachableException">No answer, or it broke off.</exception>
    public Task<FederationResponse> StreamAsync(
        ServerName destination, HttpMethod method, string target, ReadOnlyMemory<byte> json, TimeSpan timeout, long maxBytes,
        Func<HttpContentHeaders, Stream, CancellationToken, Task> read, bool sign = true,
        CancellationToken cancellationToken = default) => SendAsync(
            destination, method, target, json, timeout, sign,
            async (answer, stop) =>
            {
                if (!answer.IsSuccessStatusCode)
                    return new FederationResponse((int)answer.StatusCode, await ReadAsync(answer, DefaultMaxBytes, stop));
                await using var body = await answer.Content.ReadAsStreamAsync(stop);
                try
                {
                    await read(answer.Content.Headers, new LimitedStream(body, maxBytes), stop);
                }
                catch (IOException e)
                {
                    throw new ServerUnreachableException($"{destination}: {e.Message}", e);
                }

                return new FederationResponse((int)answer.StatusCode, default);
            },
            cancellationToken);

    private async Task<FederationResponse> SendAsync(
        ServerName destination, HttpMethod method, string target, ReadOnlyMemory<byte> json, TimeSpan timeout, bool sign,
        Func<HttpResponseMessage, CancellationToken, Task<FederationResponse>> read, CancellationToken cancellationToken)
    {
        if (!policy.Allows(destination.Value))
            throw new ServerUnreachableException($"{destination} is not allowed by Matrix:Federation:Allow and :Deny");
        using var patience = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        string? authorization = null;
        if (sign && !RequestSigning.Sign(method.Method, target, self.Name, destination, json, self.Key).TryGet(out authorization, out var error))
            throw new UnsignableException($"The body cannot be signed: {error.Message}");
        Exception? last = null;
        try
        {
            var addresses = await resolver.ResolveAsync(destination, either.Token);
            if (addresses.Count == 0)
                throw new ServerUnreachableException($"{destination}: its SRV records name port 0");
            foreach (var address in addresses)
            {
                try
                {
                    return await SendAsync(address, method, target, json, authorization, read, either.Token);
                }
                catch (HttpRequestException e)
                {
                    last = e;
                }
            }
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServerUnreachableException($"{destination} did not answer within {timeout.TotalSeconds:0} s", e);
        }
        throw new ServerUnreachableException(Explain(destination, last!), last);
    }

    private async Task<FederationResponse> SendAsync(
        ServerAddress address, HttpMethod method, string target, ReadOnlyMemory<byte> json, string? authorization,
        Func<HttpResponseMessage, CancellationToken, Task<FederationResponse>> read, CancellationToken cancellationToken)
    {
        var authority = address.CertificateName.Contains(':', StringComparison.Ordinal) ? $"[{address.CertificateName}]" : address.CertificateName;
        using var request = new HttpRequestMessage(
            method, new Uri($"https://{authority}:{address.Port}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            // With servers that speak it: one connection carries all requests. Others take HTTP/1.1 in the TLS handshake.
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Options.Set(OutboundConnections.Address, address);
        request.Headers.Host = address.HostHeader;
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        if (!json.IsEmpty)
        {
            request.Content = new ReadOnlyMemoryContent(json);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        using var answer = await clients.CreateClient(OutboundConnections.Federation)
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return await read(answer, cancellationToken);
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage answer, int maxBytes, CancellationToken cancellationToken)
    {
        if (answer.Content.Headers.ContentLength > maxBytes)
            throw new HttpRequestException($"the answer is larger than {maxBytes} bytes");
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        try
        {
            while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                if (body.Length + read > maxBytes)
                    throw new HttpRequestException($"the answer is larger than {maxBytes} bytes");
                body.Write(buffer, 0, read);
            }
        }
        catch (IOException e)
        {
            // It began well and broke off.
            throw new HttpRequestException(e.Message, e);
        }

        return body.ToArray();
    }

    private static string Explain(ServerName destination, Exception e) => e.InnerException is AuthenticationException tls
        ? $"{destination}: the TLS certificate is not valid for it: {tls.Message}"
        : $"{destination}: {e.Message}";
}
