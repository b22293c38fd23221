using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Storage.Sql;

/// <summary>The feed of one silo. The back end's commit loop publishes to it, and on PostgreSQL the reader of other silos' changes too.</summary>
public sealed partial class ChangeFeed(ILogger<ChangeFeed> logger) : IChangeFeed
{
    private readonly Lock _order = new();
    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiters = new();
    private readonly PriorityQueue<ReadOnlyMemory<Change>, long> _early = new();
    private ImmutableArray<(Action<ReadOnlyMemory<Change>> Changes, Action<long>? Lost)> _listeners = [];
    private long _current;

    /// <inheritdoc/>
    public long Current => Volatile.Read(ref _current);

    /// <inheritdoc/>
    public long Subscribe(Action<ReadOnlyMemory<Change>> listener, Action<long>? lost = null)
    {
        lock (_gate)
        {
            _listeners = _listeners.Add((listener, lost));
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

    /// <summary>Where other silos write too: reads the head of the stream. Null: nobody else does, and <see cref="Current"/> is the head.</summary>
    public Func<CancellationToken, ValueTask<long>>? Head { get; init; }

    /// <inheritdoc/>
    public async ValueTask CatchUpAsync(CancellationToken cancellationToken)
    {
        if (Head is not null) await WaitForAsync(await Head(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Moves to the stored head without announcing anything; never back.</summary>
    public void Start(long head)
    {
        lock (_order) Announce(head, static _ => { });
    }

    /// <summary>
    /// Announces changes that are visible in storage now, in position order; those it has announced before are left out. Positions have no gaps: where some are
    /// missing they were kept no longer, and listeners are told that they are lost.
    /// </summary>
    public void Publish(ReadOnlyMemory<Change> changes)
    {
        lock (_order)
        {
            PublishNew(changes);
            while (_early.TryPeek(out var next, out var first) && first <= _current + 1)
            {
                _early.Dequeue();
                PublishNew(next);
            }
        }
    }

    /// <summary>As <see cref="Publish"/>, but changes with some missing before them, which are on their way, are kept until those were published.</summary>
    public void PublishInTurn(ReadOnlyMemory<Change> changes)
    {
        lock (_order)
        {
            var first = changes.Span[0].Position;
            if (first > _current + 1) _early.Enqueue(changes, first);
            else Publish(changes);
        }
    }

    private void PublishNew(ReadOnlyMemory<Change> changes)
    {
        var known = 0;
        while (known < changes.Length && changes.Span[known].Position <= _current) known++;
        if (known == changes.Length) return;
        if (changes.Span[known].Position - 1 is var lost && lost > _current)
        {
            LogLost(logger, _current + 1, lost);
            Announce(lost, listener => listener.Lost?.Invoke(lost));
        }
        var news = changes[known..];
        Announce(changes.Span[^1].Position, listener => listener.Changes(news));
    }

    private void Announce(long upTo, Action<(Action<ReadOnlyMemory<Change>> Changes, Action<long>? Lost)> tell)
    {
        ImmutableArray<(Action<ReadOnlyMemory<Change>> Changes, Action<long>? Lost)> listeners;
        lock (_gate)
        {
            if (upTo > _current) Volatile.Write(ref _current, upTo);
            listeners = _listeners;
        }
        foreach (var listener in listeners)
        {
            try
            {
                tell(listener);
            }
            catch (Exception exception)
            {
                LogListenerFailed(logger, exception);
            }
        }
        lock (_gate)
        {
            while (_waiters.TryPeek(out var waiter, out var position) && position <= _current)
            {
                _waiters.Dequeue();
                waiter.TrySetResult();
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "This silo was cut off for so long that the changes from {From} to {To} are gone; it reads anew what it had in memory")]
    private static partial void LogLost(ILogger logger, long from, long to);

    [LoggerMessage(Level = LogLevel.Error, Message = "A listener of the change feed failed")]
    private static partial void LogListenerFailed(ILogger logger, Exception exception);
}
