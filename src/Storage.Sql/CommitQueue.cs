namespace OrleansMatrix.Storage.Sql;

/// <summary>Units waiting for a commit loop, in the order in which they were committed. Many writers, one reader.</summary>
public sealed class CommitQueue : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Queue<PendingUnit> _units = [];
    private readonly SemaphoreSlim _signal = new(0);
    private bool _waiting;
    private bool _closed;

    /// <summary>Queues a unit; its task completes once a loop has committed or refused it.</summary>
    public Task<CommitResult> Enqueue(WriteUnit unit)
    {
        var pending = new PendingUnit(unit);
        bool wake;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (unit.Fence is { } fence)
            {
                if (fence.Broken) return Task.FromException<CommitResult>(new StaleFenceException(fence.Owner));
                if (!fence.Held)
                {
                    fence.Epoch++;
                    fence.Held = true;
                    pending.Acquires = true;
                }
                pending.Epoch = fence.Epoch;
            }
            _units.Enqueue(pending);
            wake = _waiting;
            _waiting = false;
        }
        if (wake) _signal.Release();
        return pending.Task;
    }

    /// <summary>Moves up to <paramref name="most"/> waiting units to the list; false if there is none and the queue is closed.</summary>
    public bool Take(List<PendingUnit> into, int most)
    {
        while (!TryTake(into, most, out var closed))
        {
            if (closed) return false;
            _signal.Wait();
        }
        return true;
    }

    /// <inheritdoc cref="Take"/>
    public async ValueTask<bool> TakeAsync(List<PendingUnit> into, int most)
    {
        while (!TryTake(into, most, out var closed))
        {
            if (closed) return false;
            await _signal.WaitAsync().ConfigureAwait(false);
        }
        return true;
    }

    /// <summary>Takes no more units; those that wait are still given out.</summary>
    public void Close()
    {
        lock (_gate) _closed = true;
        _signal.Release();
    }

    /// <inheritdoc/>
    public void Dispose() => _signal.Dispose();

    private bool TryTake(List<PendingUnit> into, int most, out bool closed)
    {
        lock (_gate)
        {
            while (into.Count < most && _units.TryDequeue(out var unit)) into.Add(unit);
            _waiting = into.Count == 0;
            closed = _closed;
            return into.Count > 0;
        }
    }
}
