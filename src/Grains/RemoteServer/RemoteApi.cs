using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.RateLimiting;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Signed requests to other servers; what goes wrong comes back as a <see cref="MatrixError"/>: the other server's own, or 502 M_UNKNOWN.</summary>
public sealed class RemoteApi(
    FederationClient client, LocationClient locations, LocalServer self, CallerQueries callers, TimeProvider time, ILogger<RemoteApi> logger)
{
    /// <summary>The patience for a common request.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // What has waited long for its place is asked all the same.
    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(1);

    /// <summary>Gets a JSON document; the caller disposes it.</summary>
    public Task<Outcome<JsonDocument>> GetAsync(string server, string target, int maxBytes = FederationClient.DefaultMaxBytes, TimeSpan? patience = null) =>
        ParseAsync(SendAsync(server, HttpMethod.Get, target, default, patience ?? Patience, maxBytes));

    /// <summary>Posts JSON and gets a JSON document; the caller disposes it.</summary>
    public Task<Outcome<JsonDocument>> PostAsync(string server, string target, ReadOnlyMemory<byte> json) =>
        ParseAsync(SendAsync(server, HttpMethod.Post, target, json, Patience));

    /// <summary>Puts JSON and gets a JSON document; the caller disposes it.</summary>
    public Task<Outcome<JsonDocument>> PutAsync(
        string server, string target, ReadOnlyMemory<byte> json, TimeSpan patience, int maxBytes = FederationClient.DefaultMaxBytes) =>
        ParseAsync(SendAsync(server, HttpMethod.Put, target, json, patience, maxBytes));

    /// <summary>Sends a request and reads the answer's object piece by piece; answers the wanted members other than the lists, as raw JSON.</summary>
    /// <param name="maxBytes">The most that is read.</param>
    /// <param name="lists">The lists whose objects go to <paramref name="onItem"/>, with the list's name, one by one.</param>
    /// <param name="kept">The names of the wanted members.</param>
    public async Task<Outcome<Dictionary<string, ReadOnlyMemory<byte>>>> StreamAsync(
        string server, HttpMethod method, string target, ReadOnlyMemory<byte> json, TimeSpan patience, long maxBytes, IReadOnlySet<string> lists,
        IReadOnlySet<string> kept,
        Func<string, ReadOnlyMemory<byte>, ValueTask> onItem, CancellationToken cancellationToken = default)
    {
        if (!ServerName.TryParse(server, out var name) || server == self.Name.Value)
            return MatrixError.Unknown($"{server} is no other server", 502);
        Dictionary<string, ReadOnlyMemory<byte>>? members = null;
        try
        {
            var answer = await client.StreamAsync(
                name, method, target, json, patience, maxBytes, async (_, body, stop) =>
                members = await new ObjectStream(body, lists, kept, onItem).ReadAsync(stop), cancellationToken: cancellationToken);
            return members is null ? ErrorOf(server, answer) : members;
        }
        catch (ServerUnreachableException e)
        {
            return NotReached(server, e);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            return MatrixError.Unknown($"{server} gave a wrong answer: {e.Message}", 502);
        }
    }

    /// <summary>Gets what is no JSON, and hands it on as it comes, with its headers.</summary>
    /// <param name="maxBytes">The most that is read.</param>
    /// <param name="sign">Says who asks, as the server-server API wants it.</param>
    public async Task<Outcome<Nothing>> DownloadAsync(
        string server, string target, TimeSpan patience, long maxBytes, Func<HttpContentHeaders, Stream, CancellationToken, Task> read, bool sign,
        CancellationToken cancellationToken)
    {
        if (!ServerName.TryParse(server, out var name) || server == self.Name.Value)
            return MatrixError.Unknown($"{server} is no other server", 502);
        try
        {
            var answer = await client.StreamAsync(name, HttpMethod.Get, target, default, patience, maxBytes, read, sign, cancellationToken);
            return answer.IsSuccess ? Nothing.Value : ErrorOf(server, answer);
        }
        catch (ServerUnreachableException e)
        {
            return NotReached(server, e);
        }
    }

    /// <summary>Gets what a server says that it keeps elsewhere.</summary>
    /// <param name="maxBytes">The most that is read.</param>
    public async Task<Outcome<Nothing>> DownloadAsync(
        string server, Uri location, TimeSpan patience, long maxBytes, Func<HttpContentHeaders, Stream, CancellationToken, Task> read,
        CancellationToken cancellationToken)
    {
        try
        {
            await locations.StreamAsync(location, patience, maxBytes, read, cancellationToken);
            return Nothing.Value;
        }
        catch (ServerUnreachableException e)
        {
            return NotReached(server, e);
        }
    }

    /// <summary>
    /// Sends a request; answers the body of a successful response. What a <see cref="Caller"/> causes waits for a place among <see cref="CallerQueries"/>.
    /// </summary>
    /// <param name="target">Path and query, percent-encoded.</param>
    public async Task<Outcome<ReadOnlyMemory<byte>>> SendAsync(
        string server, HttpMethod method, string target, ReadOnlyMemory<byte> json, TimeSpan patience, int maxBytes = FederationClient.DefaultMaxBytes)
    {
        if (!ServerName.TryParse(server, out var name) || server == self.Name.Value)
            return MatrixError.Unknown($"{server} is no other server", 502);
        if (Caller.Current is not { } caller)
            return await SendAsync(name, method, target, json, patience, maxBytes);
        var began = time.GetTimestamp();
        if (await callers.EnterAsync(caller, patience) is { } refused)
            return refused;
        try
        {
            var left = patience - time.GetElapsedTime(began);
            return await SendAsync(name, method, target, json, left > s_least ? left : s_least, maxBytes);
        }
        finally
        {
            callers.Leave(caller);
        }
    }

    private async Task<Outcome<ReadOnlyMemory<byte>>> SendAsync(
        ServerName name, HttpMethod method, string target, ReadOnlyMemory<byte> json, TimeSpan patience, int maxBytes)
    {
        try
        {
            var answer = await client.SendAsync(name, method, target, json, patience, maxBytes);
            return answer.IsSuccess ? answer.Body : ErrorOf(name.Value, answer);
        }
        catch (UnsignableException e)
        {
            // As if the server had refused it: it is not what was sent before or comes next that is wrong.
            return MatrixError.BadJson(e.Message);
        }
        catch (ServerUnreachableException e)
        {
            return NotReached(name.Value, e);
        }
    }

    // Why is for the log: who asks, which may be anybody, is not told what names and addresses there are around this server.
    private MatrixError NotReached(string server, ServerUnreachableException reason)
    {
        RemoteServerLog.NotReached(logger, server, reason.Message);
        return MatrixError.Unknown($"{server} cannot be reached", 502);
    }

    private static async Task<Outcome<JsonDocument>> ParseAsync(Task<Outcome<ReadOnlyMemory<byte>>> sending)
    {
        if (!(await sending).TryGet(out var body, out var error))
            return error;
        // One event, device or room that cannot be read does not take the others of the answer with it.
        return JsonText.Read(JsonParts.Readable(body, 1, out _), JsonText.MaxDepthInside).TryGet(out var document, out error) ? document
            : MatrixError.Unknown($"The server's answer cannot be read: {error.Message}", 502);
    }

    // Client errors are about what was asked for; others say that the server has a problem of its own.
    private static MatrixError ErrorOf(string server, FederationResponse answer) => answer switch
    {
        // The room's version tells the user what the server here cannot do: "the error should be passed through to clients".
        { Status: 400, ErrCode: ErrCodes.IncompatibleRoomVersion } when answer.Member("room_version") is { } version =>
            MatrixError.IncompatibleRoomVersion(version),
        { Status: >= 400 and < 500, ErrCode: { } code } => new MatrixError(code, answer.Status, answer.ErrorText ?? $"{server} refused"),

        // Old servers say by a bare 404 that they do not have the endpoint; what stands before a server says so of bodies, without an errcode.
        { Status: 404 } => new MatrixError(ErrCodes.Unrecognized, 404, $"{server} does not have this"),
        { Status: 400 or 413 } => MatrixError.Unknown($"{server} refused", answer.Status),

        // Old servers say of a path that they do not know no more than this.
        { Status: 404 or 405 } => new MatrixError(ErrCodes.Unrecognized, 404, $"{server} answered {answer.Status}"),
        _ => MatrixError.Unknown($"{server} answered {answer.Status}", 502),
    };
}
