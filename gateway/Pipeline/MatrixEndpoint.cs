using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.RateLimiting;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>An endpoint with its rules: authenticates, limits, runs the handler and writes what it answers.</summary>
public sealed class MatrixEndpoint
{
    private readonly MatrixHandler _handler;
    private readonly Dictionary<string, int> _segments = new(StringComparer.Ordinal);

    internal MatrixEndpoint(string method, string path, MatrixHandler handler, EndpointOptions options, GatewayServices services)
    {
        Method = method;
        Path = path;
        _handler = handler;
        Options = options;
        Services = services;
        var segments = path[1..].Split('/');
        for (var i = 0; i < segments.Length; i++)
        {
            if (segments[i].StartsWith('{'))
                _segments.Add(segments[i].Trim('{', '}', '?'), i);
        }
    }

    public string Method { get; }

    /// <summary>The path as mapped, with its parameters in braces.</summary>
    public string Path { get; }

    public EndpointOptions Options { get; }

    internal GatewayServices Services { get; }

    internal int SegmentOf(string parameter) => _segments[parameter];

    internal async Task InvokeAsync(HttpContext context)
    {
        if (Options.MaxBody > EndpointOptions.DefaultMaxBody && context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = Options.MaxBody + EndpointOptions.DrainAllowance;
        // The route, and not the path, which names users and rooms: OpenTelemetry's http.route.
        context.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new KeyValuePair<string, object?>("http.route", Path));
        if (System.Diagnostics.Activity.Current is { IsAllDataRequested: true } activity)
            activity.SetTag("http.route", Path).DisplayName = $"{Method} {Path}";
        try
        {
            await ResponseWriter.WriteAsync(context, await RunAsync(context));
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
            context.Abort();
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            MatrixMiddleware.AddHeaders(context);
            await ResponseWriter.WriteAsync(context, ErrorOf(fault));
        }
    }

    private async ValueTask<MatrixResponse> RunAsync(HttpContext context)
    {
        if (Options.Access == Access.Server)
            return await RunForServerAsync(context);

        // Without a user the address is counted before anything is done; with one, the user is.
        if (Options is { Rate: { } early, Access: Access.Anonymous or Access.Optional } &&
            await LimitAsync(early, Authenticator.NetworkOf(context)) is { } tooEarly)
            return tooEarly;
        Outcome<Requester?> authenticated;
        try
        {
            authenticated = await Services.Authenticator.AuthenticateAsync(context, Options);
        }
        catch (Exception fault) when (Retries.AreFor(fault, context, Services))
        {
            authenticated = await new Retries(Services, context).RunAsync(() => Services.Authenticator.AuthenticateAsync(context, Options));
        }

        if (!authenticated.TryGet(out var requester, out var error) && error is not null)
            return error;
        if (Options is { Rate: { } rate, Access: Access.User or Access.Guest or Access.Admin } && await LimitAsync(rate, requester!.UserId) is { } tooMany)
            return tooMany;
        var owner = requester?.UserId ?? Authenticator.NetworkOf(context);
        if (Services.Memory.Answers.WaitOf(owner) is > 0 and var owed)
            return MatrixError.LimitExceeded(owed);
        using var place = requester is null ? null : Services.Memory.Requests.Open(owner);
        if (place?.TryGrow(1) == false)
            return MatrixError.LimitExceeded(ShareBudget.RetryAfterMs);
        if (Options.AsksServers)
            Caller.Set(owner);
        using var request = new MatrixRequest(context, this, requester);
        MatrixResponse response;
        try
        {
            response = await _handler(request);
        }
        catch (Exception fault) when (CanRepeat(request, fault))
        {
            response = await RepeatAsync(request);
        }

        if (Options.ShowsActivity && response.Error is null)
            Services.Activity.Note(requester!);
        return response.HeldBy(Services.Memory.Answers, context, owner);
    }

    // The signature covers the body, so that is read first; the address is counted before, the server that signed after.
    private async ValueTask<MatrixResponse> RunForServerAsync(HttpContext context)
    {
        var network = Authenticator.NetworkOf(context);
        if (await LimitAsync(RateClass.Server, network) is { } tooEarly)
            return tooEarly;
        using var lease = Services.Memory.ServerBodies.Open(network);
        if (!(await RequestBody.ReadAsync(context, Options.MaxBody, lease, Services.Time)).TryGet(out var body, out var error))
            return error;
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var verified = await Services.Verifier.VerifyAsync(context.Request.Headers.Authorization, Method, target, body, context.RequestAborted);
        if (!verified.TryGet(out var origin, out error))
            return error;
        if (await LimitAsync(RateClass.Server, origin) is { } tooMany)
            return tooMany;
        if (Services.Memory.Answers.WaitOf(origin) is > 0 and var owed)
            return MatrixError.LimitExceeded(owed);
        if (!Options.CallsServerGrain)
            await Services.Grains.GetGrain<IRemoteServerGrain>(origin).SeenAlive();
        using var request = new MatrixRequest(context, this, null, origin, body);
        try
        {
            return (await _handler(request)).HeldBy(Services.Memory.Answers, context, origin);
        }
        catch (Exception fault) when (CanRepeat(request, fault))
        {
            return (await RepeatAsync(request)).HeldBy(Services.Memory.Answers, context, origin);
        }
    }

    private bool CanRepeat(MatrixRequest request, Exception fault) =>
        Method is not "POST" && Retries.AreFor(fault, request.Http, Services) && request.CanRewind;

    private ValueTask<MatrixResponse> RepeatAsync(MatrixRequest request) => new Retries(Services, request.Http).RunAsync(() =>
    {
        request.Rewind();
        return _handler(request);
    });

    private async ValueTask<MatrixError?> LimitAsync(RateClass rate, string key) =>
        await Services.Limiter.TakeAsync(rate, key) is > 0 and var wait ? MatrixError.LimitExceeded(wait) : null;

    private MatrixError ErrorOf(Exception fault)
    {
        switch (fault)
        {
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return MatrixError.TooLarge();
            case BadHttpRequestException bad:
                return MatrixError.Unknown(bad.Message, bad.StatusCode);
            case OperationCanceledException or ObjectDisposedException when Services.Lifetime.ApplicationStopping.IsCancellationRequested:
                return MatrixError.Unknown("The server is stopping", StatusCodes.Status503ServiceUnavailable);
            case OutOfMemoryException:
                PipelineLog.Unavailable(Services.Logger, Method, Path, fault);
                return MatrixError.Unknown("The server has no memory for this at the moment", StatusCodes.Status503ServiceUnavailable);
            case TimeoutException:
                PipelineLog.Unavailable(Services.Logger, Method, Path, fault);
                return MatrixError.Unknown("The server cannot answer this at the moment", StatusCodes.Status503ServiceUnavailable);
            case var _ when ClusterFaults.IsOne(fault):
                PipelineLog.Unavailable(Services.Logger, Method, Path, fault);
                return MatrixError.Unknown("A part of the server is being replaced", StatusCodes.Status503ServiceUnavailable);
            default:
                PipelineLog.Failed(Services.Logger, Method, Path, fault);
                return MatrixError.Unknown("Internal server error", StatusCodes.Status500InternalServerError);
        }
    }
}
