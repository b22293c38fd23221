using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.StateResolution;

namespace OrleansMatrix.Protocol.Tests.StateResolution;

/// <summary>Answers later, as a database does.</summary>
internal sealed class YieldingSource(IResolutionSource inner) : IResolutionSource
{
    public async ValueTask<IReadOnlyCollection<ResolutionEvent>> GetEventsAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken)
    {
        await WaitAsync(cancellationToken);
        return await inner.GetEventsAsync(eventIds, cancellationToken);
    }

    public async ValueTask<string?> GetUnconflictedAsync(StateKey key, CancellationToken cancellationToken)
    {
        await WaitAsync(cancellationToken);
        return await inner.GetUnconflictedAsync(key, cancellationToken);
    }

    public async ValueTask<IReadOnlyCollection<string>?> GetCitingAsync(string eventId, CancellationToken cancellationToken)
    {
        await WaitAsync(cancellationToken);
        return await inner.GetCitingAsync(eventId, cancellationToken);
    }

    public async ValueTask<IReadOnlyCollection<string>> GetUnconflictedIdsAsync(int lowestGeneration, CancellationToken cancellationToken)
    {
        await WaitAsync(cancellationToken);
        return await inner.GetUnconflictedIdsAsync(lowestGeneration, cancellationToken);
    }

    private static async Task WaitAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
