using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Tests.User.Changes;

/// <summary>A change feed that the test drives by hand; safe to drive from several threads.</summary>
internal sealed class FakeFeed : IChangeFeed
{
    private readonly Lock _gate = new();
    private readonly List<Action<ReadOnlyMemory<Change>>> _listeners = [];
    private readonly List<Action<long>> _lost = [];
    private readonly List<Change> _log = [];

    public long Current
    {
        get { lock (_gate) return _log.Count; }
    }

    /// <summary>The changes in (after, upTo].</summary>
    public List<Change> Between(long after, long upTo)
    {
        lock (_gate)
            return _log.GetRange((int)after, (int)(upTo - after));
    }

    public void Publish(params (ChangeKind Kind, string Key)[] changes)
    {
        lock (_gate)
        {
            var batch = changes.Select((c, i) => new Change(_log.Count + 1 + i, c.Kind, c.Key)).ToArray();
            _log.AddRange(batch);
            foreach (var listener in _listeners)
                listener(batch);
        }
    }

    /// <summary>Loses changes, and publishes one behind them.</summary>
    public void Lose(int count, ChangeKind kind, string key)
    {
        lock (_gate)
        {
            _log.AddRange(Enumerable.Range(1, count).Select(i => new Change(_log.Count + i, ChangeKind.RoomEvent, "!lost")).ToList());
            foreach (var lost in _lost)
                lost(_log.Count);
        }

        Publish((kind, key));
    }

    public long Subscribe(Action<ReadOnlyMemory<Change>> listener, Action<long>? lost = null)
    {
        lock (_gate)
        {
            _listeners.Add(listener);
            if (lost is not null)
                _lost.Add(lost);
            return _log.Count;
        }
    }

    public ValueTask WaitForAsync(long position, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask CatchUpAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
