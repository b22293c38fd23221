using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>What requests that are under way may hold of this process's memory (ADR 0118).</summary>
public sealed class RequestMemory
{
    /// <summary>Bodies and answers up to so many bytes are held by the request itself; more is counted.</summary>
    public const int Free = 64 * 1024;

    /// <summary>The requests of one user at a time, long polls too.</summary>
    public const int MostOfOneUser = 100;

    private const long LeastBytes = 32L * 1024 * 1024;

    /// <summary>Shares the memory of a process with these settings.</summary>
    public RequestMemory(MatrixSettings settings, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ServerBodies = ShareBudget.Quarters(settings.Federation.BodyMemoryBytes);
        ClientBodies = ShareBudget.Quarters(Math.Max(settings.MemoryLimitBytes / 16, LeastBytes));
        Answers = new UnreadAnswers(Math.Max(settings.MemoryLimitBytes / 8, LeastBytes), settings.RateLimitsEnabled, time);
        Requests = new ShareBudget(long.MaxValue, settings.RateLimitsEnabled ? MostOfOneUser : long.MaxValue);
    }

    /// <summary>
    /// Bytes of bodies of other servers' requests, from their first byte until they are dealt with. Nobody is known before the body is there, since the
    /// signature covers it; so its owner is the network it comes from.
    /// </summary>
    public ShareBudget ServerBodies { get; }

    /// <summary>Bytes of bodies of clients' requests, by user, or by network where nobody is logged in.</summary>
    public ShareBudget ClientBodies { get; }

    /// <summary>Answers that clients have not read yet.</summary>
    public UnreadAnswers Answers { get; }

    /// <summary>Requests, by user.</summary>
    public ShareBudget Requests { get; }
}
