using Orleans.Runtime;

namespace Orleans.Embedded;

// From the first call to the last.
internal sealed partial class Activation
{
    public Task Deactivated
    {
        get
        {
            var ended = Extras.Ended;
            // The end looks for a task to complete after it has set the state.
            if (_state == ActivationState.Gone || Silo.IsDead)
                ended.TrySetResult();
            return ended.Task;
        }
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        if (_state == ActivationState.Gone)
            return;
        Enqueue(new ActionItem(activation => activation.BeginDeactivation(deactivationReason)));
        Silo.Clock.Watch(this);
    }

    /// <summary>Ends the activation if it has had no call since <paramref name="now"/> less its age, in seconds of the silo.</summary>
    public void CollectIfOlder(int now)
    {
        if (_used)
        {
            _used = false;
            _lastUsed = now;
        }
        else if (Hosted.CollectionAge >= 0 && now - _lastUsed >= Hosted.CollectionAge && IsActive && IsIdle && !IsKept)
        {
            Enqueue(new ActionItem(static activation =>
            {
                if (!activation._used && activation._runningCount == 0 && activation._waitingHead is null)
                    activation.BeginDeactivation(new(DeactivationReasonCode.ActivationIdle, "It had no calls for its age limit"));
            }));
        }
    }

    public void KeepFor(TimeSpan span) => Extras.KeepUntil = span <= TimeSpan.Zero
        ? default
        : span > TimeSpan.FromDays(36500) ? DateTimeOffset.MaxValue : Silo.TimeProvider.GetUtcNow() + span;

    public void AddDependent(IEndsWithActivation dependent)
    {
        lock (Extras)
            (_extras!.Dependents ??= []).Add(dependent);
    }

    public void RemoveDependent(IEndsWithActivation dependent)
    {
        lock (Extras)
            _extras!.Dependents?.Remove(dependent);
    }

    private bool IsKept => _extras is { } extras && extras.KeepUntil > Silo.TimeProvider.GetUtcNow();

    private void Activate(Invocation firstCall)
    {
        _state = ActivationState.Activating;
        if (firstCall.RequestContext is { } values)
            RequestContext.Current = values;
        try
        {
            _instance = Hosted.CreateInstance(this);
            if (!Class.HasOnActivate || _instance is not IGrainBase grain)
            {
                Activated();
                return;
            }
            var task = grain.OnActivateAsync(BeginStage(Hosted.ActivationTicks));
            if (task.IsCompletedSuccessfully)
                Activated();
            else
                _ = AwaitActivation(task);
        }
        catch (Exception exception)
        {
            ActivationFailed(exception);
        }
    }

    private async Task AwaitActivation(Task task)
    {
        try
        {
            await task.ConfigureAwait(true);
        }
        catch (Exception exception)
        {
            ActivationFailed(exception);
            return;
        }
        Activated();
    }

    private void Activated()
    {
        if (_state != ActivationState.Activating)
            return;
        EndStage();
        _state = ActivationState.Active;
        if (_extras?.Reason is { } reason)
            BeginDeactivation(reason);
        _pumpNeeded = true;
    }

    private void ActivationFailed(Exception exception)
    {
        if (_state != ActivationState.Activating)
            return;
        Log.ActivationFailed(Silo.Logger, exception, GrainId);
        StopDependents();
        _ = Leave(new DeactivationReason(DeactivationReasonCode.ActivationFailed, exception, "It failed to activate"));
    }

    private void BeginDeactivation(DeactivationReason reason)
    {
        switch (_state)
        {
            case ActivationState.Created:
                _ = Leave(reason);
                break;
            case ActivationState.Activating:
                Extras.Reason ??= reason;
                break;
            case ActivationState.Active:
                Extras.Reason ??= reason;
                _state = ActivationState.Deactivating;
                BeginStage(Hosted.DeactivationTicks);
                StopDependents();
                _pumpNeeded = true;
                break;
        }
    }

    /// <summary>No call runs any more, or the wait for them is over.</summary>
    private void EndActivation()
    {
        _state = ActivationState.Ending;
        if (Class.HasOnDeactivate && _instance is IGrainBase grain)
            _ = AwaitDeactivation(grain);
        else
            _ = Leave(_extras!.Reason!.Value);
    }

    private async Task AwaitDeactivation(IGrainBase grain)
    {
        var reason = _extras!.Reason!.Value;
        try
        {
            await grain.OnDeactivateAsync(reason, BeginStage(Hosted.DeactivationTicks)).ConfigureAwait(true);
        }
        catch (Exception exception)
        {
            Log.DeactivationFailed(Silo.Logger, exception, GrainId);
        }
        await Leave(reason).ConfigureAwait(true);
    }

    private async Task Leave(DeactivationReason reason)
    {
        if (_state == ActivationState.Gone)
            return;
        EndStage();
        var failure = reason.ReasonCode == DeactivationReasonCode.ActivationFailed ? reason.Exception : null;
        if (failure is null)
            await DisposeInstance().ConfigureAwait(true);
        if (_state == ActivationState.Gone)
            return;
        _state = ActivationState.Gone;
        Interlocked.MemoryBarrier();
        Silo.Remove(this);
        for (var call = TakeWaiting(); call is not null;)
        {
            var next = (Invocation?)call.Next;
            call.Next = null;
            if (failure is null)
                Reroute(call);
            else
                call.TryFailSoon(failure);
            call = next;
        }
        _extras?.Ended.TrySetResult();
        if (failure is not null)
            await DisposeInstance().ConfigureAwait(true);
        _instance = null;
    }

    private async Task DisposeInstance()
    {
        try
        {
            if (_instance is IAsyncDisposable asyncDisposable)
                await asyncDisposable.DisposeAsync().ConfigureAwait(true);
            else if (_instance is IDisposable disposable)
                disposable.Dispose();
            if (_extras is { } extras)
                await extras.DisposeScopeAsync().ConfigureAwait(true);
        }
        catch (Exception exception)
        {
            Log.DeactivationFailed(Silo.Logger, exception, GrainId);
        }
    }

    private void StopDependents()
    {
        if (_extras is not { } extras)
            return;
        IEndsWithActivation[] dependents;
        lock (extras)
        {
            dependents = extras.Dependents is { } all ? [.. all] : [];
            extras.Dependents = null;
        }
        foreach (var dependent in dependents)
            dependent.Stop();
    }

    private CancellationToken BeginStage(int ticks)
    {
        var extras = Extras;
        extras.StageCancellation = new CancellationTokenSource();
        extras.StageDeadline = Silo.Clock.DeadlineAfter(ticks);
        if (!_watched)
            Silo.Clock.Watch(this);
        return extras.StageCancellation.Token;
    }

    private void EndStage()
    {
        if (_extras is not { } extras)
            return;
        extras.StageDeadline = 0;
        extras.StageCancellation = null;
    }

    /// <summary>A stage has taken too long.</summary>
    private void StageTimedOut()
    {
        var cancellation = _extras!.StageCancellation;
        switch (_state)
        {
            case ActivationState.Activating:
                cancellation?.Cancel();
                ActivationFailed(new TimeoutException($"{GrainId} did not activate in time."));
                break;
            case ActivationState.Deactivating:
                Log.DeactivationTimedOut(Silo.Logger, GrainId, "running calls");
                EndActivation();
                break;
            case ActivationState.Ending:
                Log.DeactivationTimedOut(Silo.Logger, GrainId, "deactivating");
                cancellation?.Cancel();
                _ = Leave(_extras.Reason!.Value);
                break;
        }
    }
}
