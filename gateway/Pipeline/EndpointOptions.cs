namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>The rules that the pipeline applies before an endpoint's handler runs.</summary>
public sealed record EndpointOptions
{
    /// <summary>A body of JSON events and the like: 1 MiB (an event is at most 64 KiB, createRoom holds several).</summary>
    public const long DefaultMaxBody = 1024 * 1024;

    /// <summary>
    /// How much of a refused body Kestrel may read and throw away, in bytes beyond the limit: a client that is still sending when the connection closes never
    /// sees why.
    /// </summary>
    public const long DrainAllowance = 16 * 1024 * 1024;

    /// <summary>Who may call.</summary>
    public Access Access { get; init; } = Access.User;

    /// <summary>The bucket that a request takes from; null: not limited.</summary>
    public RateClass? Rate { get; init; }

    /// <summary>Largest request body in bytes.</summary>
    public long MaxBody { get; init; } = DefaultMaxBody;

    /// <summary>Suspended accounts get M_USER_SUSPENDED (C-S API, Account suspension).</summary>
    public bool RefuseSuspended { get; init; }

    /// <summary>Locked accounts may call it too: logging out (C-S API, Account locking).</summary>
    public bool AllowLocked { get; init; }

    /// <summary>That it succeeds shows that the user is active (C-S API, Last active ago: "a pro-active event").</summary>
    public bool ShowsActivity { get; init; }

    /// <summary>The handler calls the grain of the server that asks, which so hears of it.</summary>
    public bool CallsServerGrain { get; init; }

    /// <summary>The handler may ask other servers, which is counted as the caller's.</summary>
    public bool AsksServers { get; init; }

    public static EndpointOptions User { get; } = new();

    public static EndpointOptions Guest { get; } = new() { Access = Access.Guest };

    public static EndpointOptions Optional { get; } = new() { Access = Access.Optional };

    public static EndpointOptions Anonymous { get; } = new() { Access = Access.Anonymous };

    public static EndpointOptions Admin { get; } = new() { Access = Access.Admin };

    public static EndpointOptions Server { get; } = new() { Access = Access.Server };

    /// <summary>The same rules for a handler that may ask other servers.</summary>
    public EndpointOptions AskingServers() => this with { AsksServers = true };

    /// <summary>The same rules with a request rate.</summary>
    public EndpointOptions Limited(RateClass rate = RateClass.General) => this with { Rate = rate };
}
