namespace Orleans.Embedded;

/// <summary>
/// Ends calls and stages that take too long. One timer for the silo, and none while no call is under way: an activation
/// is put on the list by a call, and taken off by the first tick that finds it idle.
/// </summary>
internal sealed class CallClock(Silo silo) : IDisposable
{
    /// <summary>How often the activations on the list are looked at.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly Lock _sweeping = new();
    private List<Activation> _watched = [];
    private ITimer? _timer;
    private bool _armed;
    private int _tick = 1;

    /// <summary>A span in ticks, rounded up; an infinite one is 0.</summary>
    public static int TicksOf(TimeSpan span) => span == Timeout.InfiniteTimeSpan
        ? 0
        : (int)Math.Clamp((span.Ticks + Period.Ticks - 1) / Period.Ticks, 1, int.MaxValue / 2);

    /// <summary>The tick by which so many full periods have passed; 0 stays 0, which is never.</summary>
    public int DeadlineAfter(int ticks) => ticks == 0 ? 0 : Volatile.Read(ref _tick) + ticks + (_armed ? 1 : 0);

    /// <summary>How many ticks are left until a deadline, at least one; of 0, which is never, 0.</summary>
    public int TicksLeft(int deadline) => deadline == 0 ? 0 : Math.Max(1, deadline - Volatile.Read(ref _tick));

    /// <summary>Puts an activation on the list if it is not on it.</summary>
    public void Watch(Activation activation)
    {
        lock (_lock)
        {
            if (activation.IsWatched)
                return;
            activation.IsWatched = true;
            _watched.Add(activation);
            if (_armed || silo.IsDead)
                return;
            _armed = true;
            if (_timer is null)
            {
                using var flow = ExecutionContext.SuppressFlow();
                _timer = silo.TimeProvider.CreateTimer(static clock => ((CallClock)clock!).Tick(), this, Period, Period);
            }
            else
            {
                _timer.Change(Period, Period);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _timer?.Dispose();
            _timer = null;
            _armed = true;
        }
    }

    private void Tick()
    {
        if (!_sweeping.TryEnter())
            return;
        try
        {
            var tick = Interlocked.Increment(ref _tick);
            List<Invocation> expired = [];
            foreach (var activation in TakeList())
            {
                activation.Sweep(tick, expired);
                activation.IsWatched = false;
                Interlocked.MemoryBarrier();
                if (!activation.IsIdle || activation.IsChanging)
                    Watch(activation);
            }
            if (expired.Count != 0)
                Expire(expired);
        }
        finally
        {
            _sweeping.Exit();
        }
    }

    private List<Activation> TakeList()
    {
        lock (_lock)
        {
            var list = _watched;
            _watched = [];
            if (list.Count == 0 && _armed && _timer is not null)
            {
                _armed = false;
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
            return list;
        }
    }

    private void Expire(List<Invocation> expired)
    {
        var deadlocks = new DeadlockSearch(silo);
        foreach (var call in expired)
        {
            call.TryFailSoon(new TimeoutException(deadlocks.Describe(call)));
            if (call.Cancellation is { } cancellation && silo.CancelOnTimeout)
                cancellation.Signal();
        }
    }
}
