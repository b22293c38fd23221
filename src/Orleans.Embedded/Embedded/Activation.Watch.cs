namespace Orleans.Embedded;

// What the call clock sees of an activation, from its own thread.
internal sealed partial class Activation
{
    /// <summary>Adds the calls whose time is up to <paramref name="expired"/>.</summary>
    public void Sweep(int tick, List<Invocation> expired)
    {
        if (!IsIdle)
        {
            foreach (var call in CallsUnderWay())
            {
                if (call.Deadline != 0 && call.Deadline <= tick && !call.IsAnswered)
                    expired.Add(call);
            }
        }
        if (_extras is { StageDeadline: not 0 } extras && extras.StageDeadline <= tick)
        {
            extras.StageDeadline = 0;
            Enqueue(new ActionItem(static activation => activation.StageTimedOut()));
        }
    }

    /// <summary>The calls that wait or run.</summary>
    public List<Invocation> CallsUnderWay()
    {
        List<Invocation> calls = [];
        lock (this)
        {
            for (var call = _running; call is not null; call = call.NextRunning)
                calls.Add(call);
            for (var call = _waitingHead; call is not null; call = (Invocation?)call.Next)
                calls.Add(call);
        }
        // A call that holds its thread is in no list yet.
        if (_blocking is { } blocking && !calls.Contains(blocking))
            calls.Add(blocking);
        // The links may change under this walk; it then ends early, and what it misses it sees the next time.
        for (var item = Volatile.Read(ref _inbox); item is not null && item != Scheduled; item = item.Next)
        {
            if (item is Invocation call)
                calls.Add(call);
        }
        return calls;
    }

    /// <summary>Whether the call has not been started.</summary>
    public bool IsWaiting(Invocation call)
    {
        lock (this)
        {
            for (var running = _running; running is not null; running = running.NextRunning)
            {
                if (running == call)
                    return false;
            }
        }
        return _blocking != call;
    }

    /// <summary>The silo has died: its calls fail, and nothing of it runs any more.</summary>
    public void Die()
    {
        StopDependents();
        foreach (var call in CallsUnderWay())
            call.TryFailSoon(SiloDied(call));
        _extras?.Ended.TrySetResult();
        // Wakes it, so that it drops what is left in its inbox.
        Enqueue(new ActionItem(static _ => { }));
    }
}
