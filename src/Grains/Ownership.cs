using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains;

/// <summary>
/// The right of one activation to write what its grain owns (ADR 0004), for grains that read storage in each change. The epoch is taken before the first change
/// reads, and compared in every commit; when another activation has taken it since, the change is made again on what that one wrote.
/// </summary>
/// <param name="storage">Where it is written.</param>
/// <param name="owner">What is owned, for example <c>presence:@user:server</c>.</param>
public sealed class Ownership(IStorage storage, string owner)
{
    private const int Attempts = 3;

    // Calls that interleave share one taking: each would else take the epoch from the others.
    private Task<Fence>? _fence;

    /// <summary>
    /// Fills a unit and commits it if it holds something. The change must read again what it builds on, and leave the grain's memory alone until it is
    /// committed.
    /// </summary>
    public async Task<T> ChangeAsync<T>(Func<WriteUnit, ValueTask<T>> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        for (var attempt = 1; ; attempt++)
        {
            var taking = _fence ??= TakeAsync();
            try
            {
                var unit = new WriteUnit(await taking);
                var result = await change(unit);
                if (!unit.IsEmpty)
                    await storage.CommitAsync(unit);
                return result;
            }
            catch (Exception fault)
            {
                // A unit that failed breaks its fence.
                if (_fence == taking)
                    _fence = null;
                if (fault is not StaleFenceException || attempt == Attempts)
                    throw;
            }
        }
    }

    /// <summary>
    /// Where nobody has written yet nobody holds the epoch, and the first commit takes it. Else it is taken at once: who holds it could go on writing.
    /// </summary>
    private async Task<Fence> TakeAsync() => await storage.OpenFenceAsync(owner) is { Epoch: 0 } unowned ? unowned : await storage.AcquireFenceAsync(owner);

    /// <summary>Fills a unit, which must not depend on what is stored, and commits it.</summary>
    public Task WriteAsync(Action<WriteUnit> write) => ChangeAsync(unit =>
    {
        write(unit);
        return ValueTask.FromResult(true);
    });
}
