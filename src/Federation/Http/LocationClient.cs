using System.Net.Http.Headers;

namespace OrleansMatrix.Federation.Http;

/// <summary>
/// Gets what another server keeps elsewhere: over HTTPS, without a signature, from an address that the policy allows. Redirects are not followed.
/// </summary>
public sealed class LocationClient(IHttpClientFactory clients, TimeProvider time)
{
    /// <summary>Hands headers and body of a successful answer to <paramref name="read"/> as it comes.</summary>
    /// <param name="timeout">For the whole exchange.</param>
    /// <param name="maxBytes">What is longer fails the reading with <see cref="IOException"/>.</param>
    /// <exception cref="ServerUnreachableException">No HTTPS, no answer, one that is no success, or it broke off.</exception>
    public async Task StreamAsync(
        Uri url, TimeSpan timeout, long maxBytes, Func<HttpContentHeaders, Stream, CancellationToken, Task> read, CancellationToken cancellationToken)
    {
        if (url.Scheme != Uri.UriSchemeHttps)
            throw new ServerUnreachableException($"{url} is not HTTPS");
        using var patience = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using var answer = await clients.CreateClient(OutboundConnections.Locations)
                .GetAsync(url, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!answer.IsSuccessStatusCode)
                throw new ServerUnreachableException($"{url} answered {(int)answer.StatusCode}");
            await using var body = await answer.Content.ReadAsStreamAsync(either.Token);
            await read(answer.Content.Headers, new LimitedStream(body, maxBytes), either.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new ServerUnreachableException($"{url}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServerUnreachableException($"{url} did not answer within {timeout.TotalSeconds:0} s", e);
        }
    }
}
