using System.Collections.Immutable;
using Orleans.Serialization.Invocation;

namespace Orleans.Embedded;

/// <summary>A call: its arguments, its place in the target's queues, and where its answer goes.</summary>
public abstract class Invocation : WorkItem, IInvokable
{
    internal Invocation? PreviousRunning;
    internal Invocation? NextRunning;
    internal Activation? Sender;
    internal Activation? Target;
    internal ImmutableDictionary<string, object>? RequestContext;
    internal CallCancellation? Cancellation;

    // By the call clock of the target's silo; 0: no limit.
    internal int Deadline;

    private int _answered;

    private protected Invocation() { }

    internal abstract GrainMethod CalledMethod { get; }

    internal GrainMethodOptions Options => CalledMethod.Options;

    /// <summary>Whether it keeps its target from being collected.</summary>
    internal virtual bool CountsAsUse => true;

    internal bool IsAnswered => Volatile.Read(ref _answered) != 0;

    /// <summary>The token the grain's method gets.</summary>
    protected CancellationToken CancellationToken => Cancellation?.Token ?? default;

    internal sealed override void Execute(Activation activation) => activation.Receive(this);

    internal override void Drop() => TryFailSoon(Activation.SiloDied(this));

    /// <summary>Calls the target; true if the call is done when it returns.</summary>
    internal abstract bool Run(Activation activation, object target);

    /// <summary>Calls the target through filters; true if the call is done when it returns.</summary>
    internal abstract bool RunFiltered(Activation activation, object target, IIncomingGrainCallFilter[] filters);

    /// <summary>Whether the caller of this method is the one to give the answer.</summary>
    internal bool ClaimAnswer()
    {
        if (Interlocked.CompareExchange(ref _answered, 1, 0) != 0)
            return false;
        Cancellation?.Registration.Unregister();
        return true;
    }

    /// <summary>Gives a claimed answer.</summary>
    internal abstract void SetFailure(Exception exception);

    internal void TryFail(Exception exception)
    {
        if (ClaimAnswer())
            SetFailure(exception);
    }

    /// <summary>Fails the call without running the caller's continuation on this thread.</summary>
    internal void TryFailSoon(Exception exception)
    {
        if (ClaimAnswer())
        {
            ThreadPool.UnsafeQueueUserWorkItem(static failure => failure.Call.SetFailure(failure.Exception),
                (Call: this, Exception: exception), preferLocal: false);
        }
    }

    /// <inheritdoc/>
    public virtual int GetArgumentCount() => 0;

    /// <inheritdoc/>
    public virtual object? GetArgument(int index) => throw new ArgumentOutOfRangeException(nameof(index));

    /// <inheritdoc/>
    public string GetMethodName() => CalledMethod.Name;

    /// <inheritdoc/>
    public string GetInterfaceName() => CalledMethod.InterfaceName;

    /// <inheritdoc/>
    public Type GetInterfaceType() => CalledMethod.InterfaceType;

    /// <summary>Does nothing: a call holds no resources.</summary>
    public void Dispose() => GC.SuppressFinalize(this);
}
