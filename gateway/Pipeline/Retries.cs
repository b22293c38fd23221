using Microsoft.AspNetCore.Http;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// Tries again what met a fault of the cluster, a few times and for a few seconds, in which a silo's death is noticed and its grains come to life elsewhere.
/// Only requests whose method is idempotent (RFC 9110, 9.2.2) are run again: grains take a repeated call for one (design.md, Actors), but a POST may make a
/// second room or use up a key. Nothing of this is made before something fails.
/// </summary>
internal sealed class Retries(GatewayServices services, HttpContext context)
{
    // 6.3 s in all.
    private static readonly TimeSpan[] s_waits =
    [
        TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(400), TimeSpan.FromMilliseconds(800),
        TimeSpan.FromMilliseconds(1600), TimeSpan.FromMilliseconds(1600), TimeSpan.FromMilliseconds(1600),
    ];

    // Of tries and waits together: a call to a silo that is not known to be dead waits for that, too.
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(10);

    private readonly long _started = services.Time.GetTimestamp();
    private int _tries;

    /// <summary>True if what failed so is worth another try.</summary>
    public static bool AreFor(Exception fault, HttpContext context, GatewayServices services) => ClusterFaults.IsOne(fault) &&
        !context.RequestAborted.IsCancellationRequested && !services.Lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>Runs again what has failed.</summary>
    public async ValueTask<T> RunAsync<T>(Func<ValueTask<T>> call)
    {
        while (true)
        {
            await WaitAsync();
            try
            {
                return await call();
            }
            catch (Exception fault) when (AreLeft(fault))
            {
                // Once more.
            }
        }
    }

    private Task WaitAsync() => Task.Delay(s_waits[_tries++], services.Time, context.RequestAborted);

    private bool AreLeft(Exception fault) =>
        AreFor(fault, context, services) && _tries < s_waits.Length && services.Time.GetElapsedTime(_started) < s_deadline;
}
