using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Storage.Sql;

/// <summary>The feed of one silo. The back end's commit loop publishes to it, and on PostgreSQL the reader of other silos' changes too.</summary>
public sealed partial class ChangeFeed(ILogger<ChangeFeed> logger) : IChangeFeed
{
    private readonly Lock _order = new();
    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiters = new();
    private ImmutableArray<Action<ReadOnlyMemory<Change>>> _listeners = [];
    private long _current;

    /// <inheritdoc/>
    public long Current => Volatile.Read(ref _current);

    /// <inheritdoc/>
    public long Subscribe(Action<ReadOnlyMemory<Change>> listener)
    {
        lock (_gate)
        {
            _listeners = _listeners.Add(listener);
            return _current;
        }
    }

    /// <inheritdoc/>
    public ValueTask WaitForAsync(long position, CancellationToken cancellationToken)
    {
        if (Current >= position) return ValueTask.CompletedTask;
        TaskCompletionSource waiter;
        lock (_gate)
        {
            if (_current >= position) return ValueTask.CompletedTask;
            waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Enqueue(waiter, position);
        }
        return new(waiter.Task.WaitAsync(cancellationToken));
    }

    /// <summary>Moves to the stored head without announcing anything; never back.</summary>
    public void Start(long head)
    {
        lock (_order) Announce(default, head);
    }

    /// <summary>Announces changes that are visible in storage now, in position order; those it has announced before are left out.</summary>
    public void Publish(ReadOnlyMemory<Change> changes)
    {
        lock (_order)
        {
            var known = 0;
            while (known < changes.Length && changes.Span[known].Position <= _current) known++;
            if (known < changes.Length) Announce(changes[known..], changes.Span[^1].Position);
        }
    }

    private void Announce(ReadOnlyMemory<Change> changes, long upTo)
    {
        ImmutableArray<Action<ReadOnlyMemory<Change>>> listeners;
        lock (_gate)
        {
            if (upTo > _current) Volatile.Write(ref _current, upTo);
            listeners = _listeners;
        }
        if (!changes.IsEmpty) Tell(listeners, changes);
        lock (_gate)
        {
            while (_waiters.TryPeek(out var waiter, out var position) && position <= _current)
            {
                _waiters.Dequeue();
                waiter.TrySetResult();
            }
        }
    }

    private void Tell(ImmutableArray<Action<ReadOnlyMemory<Change>>> listeners, ReadOnlyMemory<Change> changes)
    {
        foreach (var listener in listeners)
        {
            try
            {
                listener(changes);
            }
            catch (Exception exception)
            {
                LogListenerFailed(logger, exception);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A listener of the change feed failed")]
    private static partial void LogListenerFailed(ILogger logger, Exception exception);
}
