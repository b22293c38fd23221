using Orleans.Runtime;

namespace Orleans.Embedded;

// Which calls run, which wait.
internal sealed partial class Activation
{
    /// <summary>A call has come to the head of the inbox.</summary>
    public void Receive(Invocation call)
    {
        switch (_state)
        {
            case ActivationState.Active when MayStart(call):
                Start(call);
                break;
            case ActivationState.Gone:
                Reroute(call);
                break;
            case ActivationState.Created:
                Wait(call);
                Activate(call);
                break;
            default:
                Wait(call);
                break;
        }
    }

    /// <summary>A call that did not end when it was started has ended, in a turn of this activation.</summary>
    public void Finished(Invocation call)
    {
        lock (this)
        {
            if (call.PreviousRunning is { } previous)
                previous.NextRunning = call.NextRunning;
            else
                _running = call.NextRunning;
            if (call.NextRunning is { } next)
                next.PreviousRunning = call.PreviousRunning;
            call.PreviousRunning = call.NextRunning = null;
        }
        End(call);
    }

    private bool MayStart(Invocation call)
    {
        if (_runningCount == 0 || _blocking is null || Class.IsReentrant)
            return true;
        if ((call.Options & GrainMethodOptions.AlwaysInterleave) != 0)
            return true;
        if ((call.Options & _blocking.Options & GrainMethodOptions.ReadOnly) != 0)
            return true;
        return Class.MayInterleave is not null && AskGrain(call);
    }

    private bool AskGrain(Invocation call)
    {
        try
        {
            return Class.MayInterleave!(_instance!, call) || Class.MayInterleave(_instance!, _blocking!);
        }
        catch (Exception exception)
        {
            Log.MayInterleaveFailed(Silo.Logger, exception, GrainId);
            return false;
        }
    }

    private void Start(Invocation call)
    {
        if (call.IsAnswered)
            return;
        _runningCount++;
        if (_blocking is null && (call.Options & GrainMethodOptions.AlwaysInterleave) == 0)
            _blocking = call;
        if (call.CountsAsUse)
            _used = true;
        if (call.RequestContext is { } values)
            RequestContext.Current = values;
        if (Run(call))
        {
            End(call);
        }
        else
        {
            lock (this)
            {
                call.NextRunning = _running;
                if (_running is not null)
                    _running.PreviousRunning = call;
                _running = call;
            }
        }
        CleanContext();
    }

    private bool Run(Invocation call)
    {
        var target = Class.IsObserver ? ((WeakReference)_instance!).Target : _instance;
        if (target is null)
        {
            call.TryFail(new ClientNotAvailableException(GrainId));
            return true;
        }
        return !Class.IsObserver && (Silo.Filters.Length != 0 || target is IIncomingGrainCallFilter)
            ? call.RunFiltered(this, target, Silo.Filters)
            : call.Run(this, target);
    }

    private void End(Invocation call)
    {
        _runningCount--;
        if (_blocking == call)
        {
            var next = _running;
            while (next is not null && (next.Options & GrainMethodOptions.AlwaysInterleave) != 0)
                next = next.NextRunning;
            _blocking = next;
        }
        if (_waitingHead is not null || _state == ActivationState.Deactivating)
            _pumpNeeded = true;
    }

    private void Wait(Invocation call)
    {
        lock (this)
        {
            if (_waitingTail is null)
                _waitingHead = call;
            else
                _waitingTail.Next = call;
            _waitingTail = call;
        }
        _readOnlyWaiting |= (call.Options & GrainMethodOptions.ReadOnly) != 0;
    }

    /// <summary>Starts what may start of the calls that wait, in their order.</summary>
    private void Pump()
    {
        do
        {
            _pumpNeeded = false;
            if (_state == ActivationState.Deactivating && _runningCount == 0)
                EndActivation();
            Invocation? previous = null;
            for (var call = _waitingHead; call is not null && _state == ActivationState.Active;)
            {
                var next = (Invocation?)call.Next;
                if (call.IsAnswered)
                {
                    RemoveWaiting(previous, call);
                }
                else if (MayStart(call))
                {
                    RemoveWaiting(previous, call);
                    Start(call);
                }
                else if (!_readOnlyWaiting && Class.MayInterleave is null)
                {
                    break;
                }
                else
                {
                    previous = call;
                }
                call = next;
            }
        }
        while (_pumpNeeded && (_runningCount == 0 || _blocking is null));
        _pumpNeeded = false;
    }

    private void RemoveWaiting(Invocation? previous, Invocation call)
    {
        lock (this)
        {
            if (previous is null)
                _waitingHead = (Invocation?)call.Next;
            else
                previous.Next = call.Next;
            if (_waitingTail == call)
                _waitingTail = previous;
            call.Next = null;
            _readOnlyWaiting &= _waitingHead is not null;
        }
    }

    private Invocation? TakeWaiting()
    {
        lock (this)
        {
            var first = _waitingHead;
            _waitingHead = _waitingTail = null;
            _readOnlyWaiting = false;
            return first;
        }
    }

    /// <summary>Sends a call on to the activation that came after this one.</summary>
    private void Reroute(Invocation call)
    {
        if (!call.IsAnswered && call is not IEndsWithActivation && call.Sender?.Silo.IsDead != true)
            Silo.Forward(call, Class, Key);
    }
}
