using System.Net.Http.Headers;
using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Federation.Http;

/// <summary>What a push gateway said.</summary>
/// <param name="Failure">Why it is not known to have taken the notification; null: it has.</param>
/// <param name="Rejected">The push keys that are not valid any more.</param>
public sealed record PushGatewayAnswer(string? Failure, IReadOnlyList<string> Rejected)
{
    internal static PushGatewayAnswer Failed(string why) => new(why, []);
}

/// <summary>Sends notifications to push gateways (Push Gateway API, <c>POST /_matrix/push/v1/notify</c>).</summary>
public sealed class PushGatewayClient(IHttpClientFactory clients, TimeProvider time)
{
    private const int MaxBytes = 64 * 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Sends one, and waits for the answer up to half a minute. Redirects are not followed; whatever goes wrong is a failure, not a fault.</summary>
    /// <param name="url">An HTTP or HTTPS URL of anybody's choice; addresses are checked when it is connected to.</param>
    /// <param name="json">The body.</param>
    public async Task<PushGatewayAnswer> NotifyAsync(Uri url, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(s_patience, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ReadOnlyMemoryContent(json) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var answer = await clients.CreateClient(OutboundConnections.Push).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop.Token);
            if (!answer.IsSuccessStatusCode)
                return PushGatewayAnswer.Failed($"it answered {(int)answer.StatusCode}");
            await using var body = new LimitedStream(await answer.Content.ReadAsStreamAsync(stop.Token), MaxBytes);
            using var read = new MemoryStream();
            await body.CopyToAsync(read, stop.Token);
            return Read(read.ToArray());
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return PushGatewayAnswer.Failed("it did not answer in time");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return PushGatewayAnswer.Failed(e.Message);
        }
    }

    // "rejected: Required", but a gateway that leaves it out has taken the notification all the same.
    private static PushGatewayAnswer Read(byte[] json)
    {
        if (!JsonText.Read(json).TryGet(out var parsed, out _))
            return PushGatewayAnswer.Failed("its answer is no JSON");
        using var document = parsed;
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("rejected"u8, out var rejected) ||
            rejected.ValueKind != JsonValueKind.Array)
            return new PushGatewayAnswer(null, []);
        var keys = rejected.EnumerateArray().Where(static key => key.ValueKind == JsonValueKind.String);
        return new PushGatewayAnswer(null, [.. keys.Select(static key => key.GetString()!)]);
    }
}
