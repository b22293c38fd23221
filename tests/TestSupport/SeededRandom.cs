using OrleansMatrix.Protocol;

namespace OrleansMatrix.TestSupport;

/// <summary>The same bytes in every run; thread-safe.</summary>
public sealed class SeededRandom(int seed = 1) : IRandom
{
    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);

    /// <inheritdoc/>
    public void Fill(Span<byte> buffer)
    {
        lock (_gate) _random.NextBytes(buffer);
    }
}
