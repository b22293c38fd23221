using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// One client request, as a handler sees it. The route and query accessors check what they read and keep the first thing that is wrong: read all
/// parameters, then return <see cref="Error"/> if it is set, then act.
/// </summary>
public sealed class MatrixRequest : IDisposable
{
    private readonly MatrixEndpoint _endpoint;
    private readonly Requester? _requester;
    private JsonDocument? _document;
    private CancellationTokenSource? _aborted;
    private ShareBudget.Lease? _lease;

    private readonly ServerName? _origin;
    private ReadOnlyMemory<byte>? _body;

    internal MatrixRequest(HttpContext http, MatrixEndpoint endpoint, Requester? requester, string? origin = null, ReadOnlyMemory<byte>? body = null)
    {
        _origin = origin is null ? null : ServerName.Parse(origin);
        _body = body;
        Http = http;
        _endpoint = endpoint;
        _requester = requester;
    }

    public HttpContext Http { get; }

    public IGrainFactory Grains => _endpoint.Services.Grains;

    public MatrixSettings Settings => _endpoint.Services.Settings;

    public TimeProvider Time => _endpoint.Services.Time;

    public IRandom Random => _endpoint.Services.Random;

    /// <summary>Who asks. Only for endpoints that need an access token.</summary>
    public Requester Requester => _requester ?? throw new InvalidOperationException("this endpoint has no requester");

    /// <summary>Who asks; null without an access token.</summary>
    public Requester? OptionalRequester => _requester;

    /// <summary>The server that asks. Only for endpoints for servers.</summary>
    public ServerName Origin => _origin ?? throw new InvalidOperationException("this endpoint is not for servers");

    /// <summary>Counts what the requester does besides the request itself; M_LIMIT_EXCEEDED if it is too much.</summary>
    /// <param name="rate">What it is.</param>
    /// <param name="times">How often; of more than a burst no more than that is counted.</param>
    public async ValueTask<MatrixError?> LimitAsync(RateClass rate, int times = 1)
    {
        for (var left = Math.Min(times, RateLimiter.BurstOf(rate)); left > 0; left--)
        {
            if (await _endpoint.Services.Limiter.TakeAsync(rate, Requester.UserId) is > 0 and var wait)
                return MatrixError.LimitExceeded(wait);
        }

        return null;
    }

    /// <summary>Fires when the client hangs up or the server stops: for waiting, not for work that is to be finished.</summary>
    public CancellationToken Aborted => (_aborted ??=
        CancellationTokenSource.CreateLinkedTokenSource(Http.RequestAborted, _endpoint.Services.Lifetime.ApplicationStopping)).Token;

    /// <summary>The client's address as text; empty if it is not known.</summary>
    public string Address => Authenticator.AddressOf(Http);

    /// <summary>The client's User-Agent header, cut to 256 characters.</summary>
    public string UserAgent => Authenticator.UserAgentOf(Http.Request);

    /// <summary>What is wrong with a parameter that was read; null while all is well.</summary>
    public MatrixError? Error { get; private set; }

    /// <summary>A path parameter, percent-decoded; empty for an optional one that is not there.</summary>
    public string Route(string name)
    {
        var value = RawPath.Segment(Http, _endpoint.SegmentOf(name)) ?? "";
        if (value.Contains('\0') || !IsText(value))
            Fail(MatrixError.InvalidParam($"'{name}' is not text"));
        return value;
    }

    /// <summary>A path parameter that must be a user id.</summary>
    public UserId RouteUserId(string name = "userId") => Checked<UserId>(name, UserId.TryParse, "a user ID");

    /// <summary>A path parameter that must be a room id.</summary>
    public RoomId RouteRoomId(string name = "roomId") => Checked<RoomId>(name, RoomId.TryParse, "a room ID");

    /// <summary>A path parameter that must be an event id.</summary>
    public EventId RouteEventId(string name = "eventId") => Checked<EventId>(name, EventId.TryParse, "an event ID");

    /// <summary>A path parameter that must be a room alias.</summary>
    public RoomAlias RouteRoomAlias(string name = "roomAlias") => Checked<RoomAlias>(name, RoomAlias.TryParse, "a room alias");

    /// <summary>A query parameter (the first, if given more than once), or null.</summary>
    public string? Query(string name)
    {
        var values = Http.Request.Query[name];
        if (values.Count == 0)
            return null;
        var value = values[0] ?? "";
        if (value.Contains('\0') || !IsText(value))
            Fail(MatrixError.InvalidParam($"'{name}' is not text"));
        return value;
    }

    /// <summary>A query parameter that must be there.</summary>
    public string RequiredQuery(string name)
    {
        if (Query(name) is { } value)
            return value;
        Fail(MatrixError.MissingParam($"Missing query parameter '{name}'"));
        return "";
    }

    /// <summary>All values of a query parameter.</summary>
    public IReadOnlyList<string> QueryAll(string name)
    {
        var values = Http.Request.Query[name];
        var list = new List<string>(values.Count);
        foreach (var value in values)
        {
            if (value is null)
                continue;
            if (value.Contains('\0') || !IsText(value))
                Fail(MatrixError.InvalidParam($"'{name}' is not text"));
            list.Add(value);
        }

        return list;
    }

    /// <summary>A whole number from the query, at least <paramref name="min"/>; more than <paramref name="max"/> is cut to it.</summary>
    public long QueryInteger(string name, long fallback, long min = 0, long max = long.MaxValue)
    {
        if (Query(name) is not { } text)
            return fallback;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min)
            return Math.Min(value, max);
        Fail(MatrixError.InvalidParam($"'{name}' must be an integer of at least {min}"));
        return fallback;
    }

    /// <summary>A boolean from the query: <c>true</c> or <c>false</c>.</summary>
    public bool QueryBool(string name, bool fallback = false)
    {
        switch (Query(name))
        {
            case null: return fallback;
            case "true": return true;
            case "false": return false;
        }

        Fail(MatrixError.InvalidParam($"'{name}' must be true or false"));
        return fallback;
    }

    /// <summary>Records an error, unless there is one already.</summary>
    public void Fail(MatrixError error) => Error ??= error;

    /// <summary>The raw body; M_TOO_LARGE beyond the endpoint's limit.</summary>
    public ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadBodyAsync() => _body is { } read ? new(read) : RequestBody.ReadAsync(
        this, _endpoint.Options.MaxBody, _lease ??= _endpoint.Services.Memory.ClientBodies.Open(_requester?.UserId ?? Authenticator.NetworkOf(Http)));

    /// <summary>The body as a JSON value of any kind, valid until the request ends: M_NOT_JSON, M_TOO_LARGE. May be called once.</summary>
    public async ValueTask<Outcome<JsonElement>> ReadJsonAsync()
    {
        if (!(await ReadBodyAsync()).TryGet(out var bytes, out var error) ||
            !JsonText.Read(bytes, MaxDepth).TryGet(out _document, out error))
            return error;
        return _document.RootElement;
    }

    /// <summary>The body as a JSON object: M_BAD_JSON if it is another value. An empty body counts as <c>{}</c> if <paramref name="emptyAllowed"/>.</summary>
    public async ValueTask<Outcome<JsonElement>> ReadObjectAsync(bool emptyAllowed = false)
    {
        if (!(await ReadBodyAsync()).TryGet(out var bytes, out var error))
            return error;
        if (bytes.IsEmpty && emptyAllowed)
            bytes = "{}"u8.ToArray();
        if (!JsonText.Read(bytes, MaxDepth).TryGet(out _document, out error))
            return error;
        return _document.RootElement.ValueKind == JsonValueKind.Object
            ? _document.RootElement
            : MatrixError.BadJson("Content must be a JSON object");
    }

    /// <summary>The body as the text of a JSON object, for a grain that reads it: M_NOT_JSON, M_BAD_JSON, M_TOO_LARGE.</summary>
    public async ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadObjectBytesAsync() =>
        (await ReadBodyAsync()).TryGet(out var bytes, out var error) ? RequestBody.CheckObject(bytes, MaxDepth) : error;

    /// <summary>The body as an object whose members are to be read.</summary>
    public async ValueTask<Outcome<BodyFields>> ReadFieldsAsync(bool emptyAllowed = false) =>
        (await ReadObjectAsync(emptyAllowed)).TryGet(out var json, out var error) ? new BodyFields(json) : error;

    // Other servers put what was let in there into a body: each event in it is held to the limit by itself.
    private int MaxDepth => _origin is null ? JsonText.MaxDepth : JsonText.MaxDepthInside;

    /// <summary>The body was read.</summary>
    internal void Keep(ReadOnlyMemory<byte> body) => _body = body;

    /// <summary>
    /// The handler can be run once more: the body is kept, or there is none. A body that the handler read by itself, piece by piece, is gone.
    /// </summary>
    internal bool CanRewind => _body is not null || Http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false };

    /// <summary>Makes the request as it was when the handler got it.</summary>
    internal void Rewind()
    {
        Error = null;
        _document?.Dispose();
        _document = null;
    }

    /// <summary>Tells the log of a fault that spoils a part of the answer only.</summary>
    internal void NoteFault(Exception fault) => PipelineLog.Failed(_endpoint.Services.Logger, _endpoint.Method, _endpoint.Path, fault);

    internal string NewSessionId() => RandomText.Base62(Random, 24);

    /// <summary>The grain of a string key.</summary>
    public T Grain<T>(string key)
        where T : IGrainWithStringKey => Grains.GetGrain<T>(key);

    /// <inheritdoc/>
    public void Dispose()
    {
        _document?.Dispose();
        _aborted?.Dispose();
        _lease?.Dispose();
    }

    private delegate bool Parser<T>(string? text, out T value);

    private T Checked<T>(string name, Parser<T> parse, string expected)
    {
        if (!parse(Route(name), out var value))
            Fail(MatrixError.InvalidParam($"'{name}' is not {expected}"));
        return value;
    }

    private static bool IsText(string value)
    {
        for (var i = 0; i < value.Length; i++)
        {
            if (!char.IsSurrogate(value[i]))
                continue;
            if (!char.IsHighSurrogate(value[i]) || ++i == value.Length || !char.IsLowSurrogate(value[i]))
                return false;
        }

        return true;
    }
}
