using Orleans.Runtime;

namespace Orleans.Embedded;

internal static class GrainTimer
{
    public static IGrainTimer Start<TState>(IGrainBase grain, Func<TState, CancellationToken, Task> callback, TState state,
        GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(grain);
        if (grain.GrainContext is not Activation activation)
            throw new InvalidOperationException("The grain was made outside the runtime.");
        var timer = new GrainTimer<TState>(activation, callback, state, options);
        activation.AddDependent(timer);
        timer.Change(options.DueTime, options.Period);
        return timer;
    }
}

/// <summary>A timer; it is itself the call that its ticks are, one at a time.</summary>
internal sealed class GrainTimer<TState> : Invocation, IGrainTimer, IEndsWithActivation
{
    private static readonly GrainMethod Serial = new(typeof(IGrainTimer), "Orleans.Runtime.IGrainTimer", "Tick",
        GrainMethodOptions.OneWay, 0);

    private static readonly GrainMethod Interleaved = new(typeof(IGrainTimer), "Orleans.Runtime.IGrainTimer", "Tick",
        GrainMethodOptions.OneWay | GrainMethodOptions.AlwaysInterleave, 0);

    private readonly Func<TState, CancellationToken, Task> _callback;
    private readonly TState _state;
    private readonly bool _keepAlive;
    private readonly GrainMethod _method;
    private readonly CancellationTokenSource _stopped = new();
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private Task? _pending;
    private TimeSpan _period;
    private bool _ticking;
    private bool _changed;
    private bool _missed;
    private bool _disposed;

    public GrainTimer(Activation activation, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        Target = activation;
        _callback = callback;
        _state = state;
        _keepAlive = options.KeepAlive;
        _method = options.Interleave ? Interleaved : Serial;
        using var flow = ExecutionContext.SuppressFlow();
        _timer = activation.Silo.TimeProvider.CreateTimer(static timer => ((GrainTimer<TState>)timer!).Due(), this,
            Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal override GrainMethod CalledMethod => _method;

    internal override bool CountsAsUse => _keepAlive;

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime < TimeSpan.Zero && dueTime != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(nameof(dueTime), dueTime, "It is negative.");
        if (period < TimeSpan.Zero && period != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(nameof(period), period, "It is negative.");
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _period = period;
            _changed = true;
            _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
        }
    }

    void IDisposable.Dispose()
    {
        Target!.RemoveDependent(this);
        Stop();
    }

    public void Stop()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            _timer.Dispose();
        }
        _stopped.Cancel();
    }

    internal override void Drop() { }

    internal override bool Run(Activation activation, object target)
    {
        if (_disposed)
            return true;
        lock (_lock)
            _changed = false;
        Task task;
        try
        {
            task = _callback(_state, _stopped.Token);
        }
        catch (Exception exception)
        {
            task = Task.FromException(exception);
        }
        if (task.IsCompleted)
        {
            Ticked(task);
            return true;
        }
        _pending = task;
        task.GetAwaiter().UnsafeOnCompleted(() =>
        {
            Target!.Finished(this);
            Ticked(_pending);
        });
        return false;
    }

    internal override bool RunFiltered(Activation activation, object target, IIncomingGrainCallFilter[] filters) => Run(activation, target);

    internal override void SetFailure(Exception exception) { }

    private void Due()
    {
        lock (_lock)
        {
            // After a change a tick may come due while the one before it runs.
            _missed = _ticking;
            if (_disposed || _ticking)
                return;
            _ticking = true;
        }
        Target!.Accept(this, ticks: 0);
    }

    private void Ticked(Task task)
    {
        if (task.Exception?.InnerException is { } exception and not OperationCanceledException)
            Log.TimerFailed(Target!.Silo.Logger, exception, Target.GrainId);
        lock (_lock)
        {
            _ticking = false;
            if (!_disposed && (_missed || !_changed))
                _timer.Change(_missed ? TimeSpan.Zero : _period, Timeout.InfiniteTimeSpan);
            _missed = false;
        }
    }
}
