using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.RateLimiting;
using OrleansMatrix.Grains.RateLimiting;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Requests to other servers that somebody causes by asking this one (aliases, room lists, profiles, keys, templates of joins): a rate for each caller, counted
/// by all silos together, and so many under way on this silo, of one caller and of all. So nobody floods others by way of this server, nor keeps other users
/// waiting. One per silo, thread-safe.
/// </summary>
public sealed class CallerQueries(IGrainFactory grains, MatrixSettings settings, TimeProvider time) : IDisposable
{
    /// <summary>What one may cause: the users of the largest rooms are on some two thousand servers.</summary>
    public static readonly Rate RateOfOne = new(20, 2000);

    /// <summary>Under way at a time.</summary>
    public const int MostOfAll = 256, MostOfOne = 64;

    /// <summary>Grains with the buckets: few enough to be bounded in memory, many enough to be on all silos.</summary>
    private const int Parts = 64;

    private const string Refusal = "Other servers have been asked too much for you";

    private readonly Turns _turns = new(MostOfAll, MostOfOne);

    /// <summary>Waits for a place, which <see cref="Leave"/> gives back. 429 M_LIMIT_EXCEEDED where there is none in time or the rate is exceeded.</summary>
    /// <param name="patience">How long a place is waited for.</param>
    public async Task<MatrixError?> EnterAsync(string caller, TimeSpan patience)
    {
        if (settings.RateLimitsEnabled && await TakeAsync(caller) is { Tokens: 0 } empty)
            return MatrixError.LimitExceeded(empty.WaitMs, Refusal);
        using var late = new CancellationTokenSource(patience, time);
        try
        {
            await _turns.EnterAsync(caller, late.Token);
            return null;
        }
        catch (OperationCanceledException)
        {
            return MatrixError.LimitExceeded(ShareBudget.RetryAfterMs, Refusal);
        }
    }

    /// <summary>Whether an answer is this class's refusal of one caller, which is not to be remembered for others.</summary>
    public static bool IsRefusal(MatrixError? error) => error is { Message: Refusal };

    /// <summary>Gives the place back.</summary>
    public void Leave(string caller) => _turns.Leave(caller);

    public void Dispose() => _turns.Dispose();

    /// <summary>The key of the <see cref="IRateLimitGrain"/> with a caller's bucket.</summary>
    public static string BucketsOf(string caller) =>
        string.Create(CultureInfo.InvariantCulture, $"RemoteQuery/{SHA256.HashData(Encoding.UTF8.GetBytes(caller))[0] % Parts}");

    private async Task<RateLease> TakeAsync(string caller)
    {
        try
        {
            return await grains.GetGrain<IRateLimitGrain>(BucketsOf(caller)).Take(caller, RateOfOne, 1);
        }
        catch (Exception fault) when (fault is TimeoutException or OrleansException)
        {
            // The silo with the bucket is being replaced: its buckets begin anew anyway.
            return new RateLease(1, 0);
        }
    }
}
