namespace Orleans.Embedded;

/// <summary>
/// The callee's side of a call's cancellation token. The caller's token only asks for cancellation; the callee's is
/// signalled in a turn of its activation, so that callbacks of the grain do not run beside its turns.
/// </summary>
internal sealed class CallCancellation(Invocation call) : CancellationTokenSource
{
    public CancellationTokenRegistration Registration;

    public static void Attach(Invocation call, CancellationToken token)
    {
        var cancellation = new CallCancellation(call);
        call.Cancellation = cancellation;
        if (token.CanBeCanceled)
        {
            cancellation.Registration = token.UnsafeRegister(
                static (state, token) => ((CallCancellation)state!).OnCallerCancelled(token), cancellation);
        }
    }

    /// <summary>Signals the callee in its next turn.</summary>
    public void Signal() => call.Target?.Enqueue(new ActionItem(_ => Cancel()));

    private void OnCallerCancelled(CancellationToken token)
    {
        call.TryFailSoon(new OperationCanceledException(token));
        Signal();
    }
}
