namespace OrleansMatrix.Grains.Abstractions.RateLimiting;

/// <summary>
/// Who caused a call of a grain, where that is told: what the grains that are called ask of other servers is then counted as that caller's. It goes with the
/// calls that the calling method makes, and with theirs.
/// </summary>
public static class Caller
{
    private const string Key = "caller";

    /// <summary>A user, or the network of somebody unknown; null: this server does it for itself.</summary>
    public static string? Current => RequestContext.Get(Key) as string;

    /// <summary>Tells it, until the calling method returns.</summary>
    public static void Set(string owner) => RequestContext.Set(Key, owner);
}
