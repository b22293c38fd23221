using Orleans.Runtime;

namespace Orleans;

/// <summary>What the runtime needs of a grain instance.</summary>
public interface IGrainBase
{
    /// <summary>The activation of this instance.</summary>
    IGrainContext GrainContext { get; }

    /// <summary>Called before the first call.</summary>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Called after the last call. Not called when the process or the silo dies.</summary>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}
