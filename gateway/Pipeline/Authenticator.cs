using Microsoft.AspNetCore.Http;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>Finds out who asks (C-S API, Using access tokens).</summary>
public sealed class Authenticator(IGrainFactory grains, MatrixSettings settings, SessionCache sessions, RateLimiter limiter)
{
    private const string Scheme = "Bearer ";

    /// <summary>The requester, null for a request without a token that needs none, or the error to answer.</summary>
    public async ValueTask<Outcome<Requester?>> AuthenticateAsync(HttpContext context, EndpointOptions options)
    {
        if (options.Access == Access.Anonymous)
            return (Requester?)null;
        var token = TokenOf(context.Request);
        if (token is null)
            return options.Access == Access.Optional ? (Requester?)null : MatrixError.MissingToken();
        if (!AccessToken.TryGetUser(token, AccessToken.Access, settings.ServerName, out var userId))
            return MatrixError.UnknownToken();
        var (hash, address, userAgent) = (AccessToken.Hash(token), AddressOf(context), UserAgentOf(context.Request));
        if (sessions.Find(userId, hash.Span, address, userAgent) is { } known)
            return Allow(known, options);
        if (await limiter.TakeAsync(RateClass.Authentication, NetworkOf(context)) is > 0 and var wait)
            return MatrixError.LimitExceeded(wait);
        var version = sessions.Version;
        var outcome = await grains.GetGrain<IAccountGrain>(userId).Authenticate(hash, address, userAgent);
        if (outcome.Error is { } error)
            return error;
        sessions.Put(version, userId, hash, address, userAgent, outcome.Value!);
        return Allow(outcome.Value!, options);
    }

    private static Outcome<Requester?> Allow(Session session, EndpointOptions options)
    {
        var requester = session.Requester;
        return session.Locked && !options.AllowLocked ? MatrixError.UserLocked()
            : requester.IsGuest && options.Access is Access.User or Access.Admin ? MatrixError.GuestAccessForbidden()
            : options.Access == Access.Admin && !requester.IsAdmin ? MatrixError.Forbidden("You are not a server admin")
            : requester.Suspended && options.RefuseSuspended ? MatrixError.UserSuspended()
            : requester;
    }

    /// <summary>The client's address, empty if it is not known (a Unix socket).</summary>
    public static string AddressOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        return address is null ? "" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    }

    /// <summary>What the client is counted by; empty if it is not known.</summary>
    public static string NetworkOf(HttpContext context) => ClientNetwork.Of(context.Connection.RemoteIpAddress);

    // The query parameter is gone from v1.20, but in use by clients of the versions that this server announces.
    internal static string? TokenOf(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        if (header.Count > 0 && header[0] is { } value && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return value[Scheme.Length..].Trim();
        return request.QueryString.HasValue && request.Query.TryGetValue("access_token", out var query) ? query[0] : null;
    }

    /// <summary>The User-Agent header, cut to 256 characters.</summary>
    public static string UserAgentOf(HttpRequest request)
    {
        var agent = request.Headers.UserAgent.ToString();
        return agent.Length <= 256 ? agent : agent[..256];
    }
}
