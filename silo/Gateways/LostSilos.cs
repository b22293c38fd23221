namespace OrleansMatrix.Silo.Gateways;

/// <summary>
/// Tells calls that wait for a silo that one is gone (ADR 0092). Which silo a call has gone to a client does not know, so all that were under way before are
/// told, unless they come to an end within <see cref="Grace"/>.
/// </summary>
internal sealed class LostSilos : IDisposable
{
    /// <summary>What is under way between living silos and takes no longer than this is not disturbed.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private CancellationTokenSource _next = new();

    /// <summary>Is cancelled when a silo is lost from now on.</summary>
    public CancellationToken Next => Volatile.Read(ref _next).Token;

    /// <summary>A silo is gone.</summary>
    public void Note()
    {
        var before = Interlocked.Exchange(ref _next, new CancellationTokenSource());

        // It has a timer of its own; calls that have its token may still read it, so it is left to the collector.
        before.CancelAfter(Grace);
    }

    /// <inheritdoc/>
    public void Dispose() => _next.Dispose();
}
