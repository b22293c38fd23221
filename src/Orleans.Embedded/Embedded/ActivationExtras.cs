using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Embedded;

/// <summary>What most activations do without most of the time.</summary>
internal sealed class ActivationExtras
{
    private IServiceScope? _scope;
    private TaskCompletionSource? _ended;

    /// <summary>Timers and streams under way.</summary>
    public HashSet<IEndsWithActivation>? Dependents { get; set; }

    /// <summary>Why the activation is to end, once that is decided.</summary>
    public DeactivationReason? Reason { get; set; }

    /// <summary>Ends the wait for OnActivateAsync or OnDeactivateAsync.</summary>
    public CancellationTokenSource? StageCancellation { get; set; }

    /// <summary>When the stage under way has taken too long, in ticks of the call clock; 0: no limit.</summary>
    public int StageDeadline { get; set; }

    /// <summary>The activation is not collected before this timestamp of the silo's clock.</summary>
    public DateTimeOffset KeepUntil { get; set; }

    /// <summary>Completes when the activation has ended.</summary>
    public TaskCompletionSource Ended
    {
        get
        {
            if (_ended is null)
                Interlocked.CompareExchange(ref _ended, new(TaskCreationOptions.RunContinuationsAsynchronously), null);
            return _ended;
        }
    }

    public IServiceScope ScopeOf(IServiceProvider services)
    {
        if (_scope is null && Interlocked.CompareExchange(ref _scope, services.CreateScope(), null) is not null)
            return _scope;
        return _scope;
    }

    public ValueTask DisposeScopeAsync()
    {
        switch (_scope)
        {
            case IAsyncDisposable scope:
                return scope.DisposeAsync();
            default:
                _scope?.Dispose();
                return default;
        }
    }
}

/// <summary>A timer or a stream.</summary>
internal interface IEndsWithActivation
{
    /// <summary>The activation is about to end.</summary>
    void Stop();
}
