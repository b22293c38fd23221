using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.RateLimiting;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>
/// The making of answers that may be large (syncs, pages, states): what they hold is counted by user, and beyond what people ask for in daily use they take
/// turns, so that the others are not kept waiting (ADR 0118). One per silo, thread-safe.
/// </summary>
public sealed class LargeAnswers : IDisposable
{
    private const long LeastBytes = 16L * 1024 * 1024, MemoryOfOne = 256L * 1024 * 1024;
    private readonly ShareBudget _memory;
    private readonly Turns _turns;

    /// <summary>As many turns at once as the memory allows, but not more than processors; a user has one.</summary>
    public LargeAnswers(MatrixSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _turns = new Turns((int)Math.Clamp(settings.MemoryLimitBytes / MemoryOfOne, 1, Math.Max(2, Environment.ProcessorCount)), 1);
        _memory = ShareBudget.Quarters(Math.Max(settings.MemoryLimitBytes / 16, LeastBytes), firstIsFree: true);
    }

    /// <summary>Begins an answer to a user; dispose it when it is made.</summary>
    public LargeAnswer Open(string userId) => new(_turns, userId, _memory.Open(userId));

    public void Dispose() => _turns.Dispose();
}
