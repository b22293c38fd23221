namespace Orleans;

/// <summary>Something that starts and stops in stages.</summary>
public interface ILifecycleObservable
{
    /// <summary>Adds an observer to a stage; disposing of the result removes it.</summary>
    IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer);
}

/// <summary>Starts with its stage and stops with it.</summary>
public interface ILifecycleObserver
{
    /// <summary>The stage starts.</summary>
    Task OnStart(CancellationToken cancellationToken = default);

    /// <summary>The stage stops.</summary>
    Task OnStop(CancellationToken cancellationToken = default);
}

/// <summary>A service that subscribes to a lifecycle when the lifecycle is built.</summary>
public interface ILifecycleParticipant<TLifecycleObservable> where TLifecycleObservable : ILifecycleObservable
{
    /// <summary>Subscribes.</summary>
    void Participate(TLifecycleObservable lifecycle);
}

/// <summary>The stages of a silo, started in ascending order and stopped in descending order.</summary>
public static class ServiceLifecycleStage
{
    /// <summary>Before all others.</summary>
    public const int First = int.MinValue;

    /// <summary>The runtime.</summary>
    public const int RuntimeInitialize = 2000;

    /// <summary>The runtime's services.</summary>
    public const int RuntimeServices = 4000;

    /// <summary>Storage.</summary>
    public const int RuntimeStorageServices = 6000;

    /// <summary>The runtime's services for grains.</summary>
    public const int RuntimeGrainServices = 8000;

    /// <summary>After the runtime's services for grains.</summary>
    public const int AfterRuntimeGrainServices = 8100;

    /// <summary>The application's services.</summary>
    public const int ApplicationServices = 10000;

    /// <summary>On stop, activations end here.</summary>
    public const int GrainDeactivation = 19998;

    /// <summary>The silo begins to take calls.</summary>
    public const int BecomeActive = 19999;

    /// <summary>The silo takes calls; startup tasks run.</summary>
    public const int Active = 20000;

    /// <summary>After all others.</summary>
    public const int Last = int.MaxValue;
}

/// <summary>Subscribing delegates to a lifecycle.</summary>
public static class LifecycleExtensions
{
    /// <summary>Subscribes to a stage's start and stop.</summary>
    public static IDisposable Subscribe(this ILifecycleObservable observable, string observerName, int stage,
        Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop)
    {
        ArgumentNullException.ThrowIfNull(observable);
        ArgumentNullException.ThrowIfNull(onStart);
        return observable.Subscribe(observerName, stage, new Observer(onStart, onStop));
    }

    /// <summary>Subscribes to a stage's start.</summary>
    public static IDisposable Subscribe(this ILifecycleObservable observable, string observerName, int stage,
        Func<CancellationToken, Task> onStart) => observable.Subscribe(observerName, stage, onStart, null);

    private sealed class Observer(Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop) : ILifecycleObserver
    {
        public Task OnStart(CancellationToken cancellationToken = default) => onStart(cancellationToken);

        public Task OnStop(CancellationToken cancellationToken = default) => onStop?.Invoke(cancellationToken) ?? Task.CompletedTask;
    }
}
