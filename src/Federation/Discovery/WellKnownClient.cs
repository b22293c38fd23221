using System.Buffers;
using System.Net;
using System.Text.Json;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Federation.Discovery;

/// <summary>An answer of <c>/.well-known/matrix/server</c> and how long it holds.</summary>
/// <param name="Delegated">The delegated name; null if there is no valid answer.</param>
/// <param name="Lifetime">How long to remember it; null: the caller's default.</param>
public sealed record WellKnownAnswer(ServerName? Delegated, TimeSpan? Lifetime);

/// <summary>Fetches <c>/.well-known/matrix/server</c> (S-S API, step 3 of Resolving server names).</summary>
public interface IWellKnownClient
{
    Task<WellKnownAnswer> FetchAsync(string host, CancellationToken cancellationToken);
}

/// <summary>The one over HTTPS. The client it gets must not follow redirects by itself and must check addresses (<see cref="OutboundConnections"/>).</summary>
public sealed class WellKnownClient(IHttpClientFactory clients) : IWellKnownClient
{
    private const int MaxRedirects = 5, MaxBytes = 16 * 1024;
    private static readonly WellKnownAnswer Invalid = new(null, null);

    /// <inheritdoc/>
    public async Task<WellKnownAnswer> FetchAsync(string host, CancellationToken cancellationToken)
    {
        var http = clients.CreateClient(OutboundConnections.WellKnown);
        var url = new Uri($"https://{host}/.well-known/matrix/server");
        try
        {
            for (var redirects = 0; redirects <= MaxRedirects; redirects++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, url);
                using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                if (answer.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                    or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
                    && answer.Headers.Location is { } location)
                {
                    url = new Uri(url, location);
                    if (url.Scheme != Uri.UriSchemeHttps)
                        return Invalid;
                    continue;
                }
                return answer.StatusCode == HttpStatusCode.OK ? await ReadAsync(answer, cancellationToken) : Invalid;
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or UriFormatException ||
            (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // Unreachable, too slow or no JSON: no valid answer.
        }
        return Invalid;
    }

    private static async Task<WellKnownAnswer> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MaxBytes + 1);
        try
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
            var length = await stream.ReadAtLeastAsync(buffer.AsMemory(0, MaxBytes + 1), MaxBytes + 1, throwOnEndOfStream: false, cancellationToken);
            if (length > MaxBytes)
                return Invalid;
            if (!JsonText.Read(buffer.AsMemory(0, length)).TryGet(out var parsed, out _))
                return Invalid;
            using var document = parsed;
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("m.server", out var server) ||
                server.ValueKind != JsonValueKind.String
                || !ServerName.TryParse(server.GetString(), out var name))
                return Invalid;
            var control = answer.Headers.CacheControl;
            var lifetime = control is { NoStore: true } or { NoCache: true } ? TimeSpan.Zero : control?.MaxAge;
            return new WellKnownAnswer(name, lifetime);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
