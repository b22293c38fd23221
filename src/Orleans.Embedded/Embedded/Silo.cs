using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>One silo, or, with <see cref="IsClient"/>, a caller of grains that runs none but observers.</summary>
internal sealed class Silo : IGrainRuntime, IDisposable
{
    private readonly ConcurrentDictionary<GrainClass, HostedClass> _hosted = new();
    private readonly long _started;
    private ITimer? _collector;
    private volatile SiloStatus _status;

    public Silo(IServiceProvider services, Cluster cluster, string name, bool isClient = false)
    {
        Services = services;
        Cluster = cluster;
        Name = name;
        IsClient = isClient;
        TimeProvider = services.GetRequiredService<TimeProvider>();
        Logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("Orleans.Embedded");
        Lifetimes = services.GetRequiredService<ServiceLifetimes>();
        CollectionOptions = services.GetRequiredService<IOptions<GrainCollectionOptions>>().Value;
        var messaging = services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value;
        ResponseTimeout = messaging.ResponseTimeout;
        ResponseTicks = CallClock.TicksOf(messaging.ResponseTimeout);
        CancelOnTimeout = messaging.CancelRequestOnTimeout;
        Clock = new CallClock(this);
        References = new ReferenceFactory(this);
        Workers = new WorkerSets(this);
        _started = TimeProvider.GetTimestamp();
    }

    public string Name { get; }

    public bool IsClient { get; }

    public IServiceProvider Services { get; }

    public TimeProvider TimeProvider { get; }

    public ILogger Logger { get; }

    public ServiceLifetimes Lifetimes { get; }

    public GrainCollectionOptions CollectionOptions { get; }

    public TimeSpan ResponseTimeout { get; }

    public int ResponseTicks { get; }

    public bool CancelOnTimeout { get; }

    public CallClock Clock { get; }

    public ReferenceFactory References { get; }

    public WorkerSets Workers { get; }

    /// <summary>The silos it sees; changes only when a test cuts it off.</summary>
    public Cluster Cluster { get; private set; }

    public IIncomingGrainCallFilter[] Filters { get; private set; } = [];

    public SiloStatus Status => _status;

    public bool IsDead => _status == SiloStatus.Dead;

    IGrainFactory IGrainRuntime.GrainFactory => References;

    IServiceProvider IGrainRuntime.ServiceProvider => Services;

    public HostedClass Host(GrainClass grainClass) =>
        _hosted.TryGetValue(grainClass, out var hosted) ? hosted : _hosted.GetOrAdd(grainClass, c => new HostedClass(this, c));

    public void DeactivateOnIdle(IGrainContext grainContext)
    {
        ArgumentNullException.ThrowIfNull(grainContext);
        grainContext.Deactivate(new(DeactivationReasonCode.ApplicationRequested, "The grain asked for it"));
    }

    public void DelayDeactivation(IGrainContext grainContext, TimeSpan timeSpan) => ((Activation)grainContext).KeepFor(timeSpan);

    /// <summary>Begins to take calls.</summary>
    public void Start()
    {
        Filters = [.. Services.GetServices<IIncomingGrainCallFilter>()];
        _status = SiloStatus.Active;
        if (IsClient)
            return;
        Cluster.Add(this);
        using var flow = ExecutionContext.SuppressFlow();
        _collector = TimeProvider.CreateTimer(static silo => ((Silo)silo!).Collect(), this,
            CollectionOptions.CollectionQuantum, CollectionOptions.CollectionQuantum);
    }

    /// <summary>Ends all activations, those included that are made by others as they end.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        _status = SiloStatus.Stopping;
        var reason = new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo stops");
        while (GrainActivations() is { Count: > 0 } activations && !cancellationToken.IsCancellationRequested)
        {
            foreach (var activation in activations)
                activation.Deactivate(reason, cancellationToken);
            try
            {
                await Task.WhenAll(activations.Select(activation => activation.Deactivated)).WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                Log.DrainTimedOut(Logger, GrainActivations().Count);
            }
        }
    }

    /// <summary>Stops at once: calls under way fail, and no more code of its grains runs.</summary>
    public void Die()
    {
        if (IsDead)
            return;
        _status = SiloStatus.Dead;
        Cluster.Remove(this);
        foreach (var activation in AllActivations())
        {
            Cluster.Table.Remove(activation);
            activation.Die();
        }
        Dispose();
    }

    /// <summary>
    /// Cuts it off from the other silos: it goes on with the activations it has in a cluster of its own, while the others
    /// forget them. Calls of others that are under way on it fail; the grains go on with them.
    /// </summary>
    public void CutOff()
    {
        var cluster = new Cluster();
        var activations = AllActivations();
        Cluster.Remove(this);
        foreach (var activation in activations)
        {
            Cluster.Table.Remove(activation);
            cluster.Table.Add(activation);
        }
        Cluster = cluster;
        cluster.Add(this);
        foreach (var call in activations.SelectMany(activation => activation.CallsUnderWay()))
        {
            if (call.Sender?.Silo != this)
                call.TryFailSoon(new SiloUnavailableException($"The silo that runs {call.Target?.GrainId} cannot be reached."));
        }
    }

    /// <summary>Sends a call on to the activation its grain has now.</summary>
    public void Forward(Invocation call, GrainClass grainClass, string key)
    {
        try
        {
            Cluster.Locate(grainClass, key, call.Sender?.Silo ?? this, call.Sender is { Class.IsObserver: false }).Accept(call, Clock.TicksLeft(call.Deadline));
        }
        catch (OrleansException exception)
        {
            call.TryFailSoon(exception);
        }
    }

    /// <summary>An activation has ended.</summary>
    public void Remove(Activation activation)
    {
        if (activation.Class.MaxWorkers != 0)
            Workers.Remove(activation);
        else
            Cluster.Table.Remove(activation);
    }

    public List<Activation> AllActivations() => [.. Cluster.Table.ActivationsOf(this), .. Workers.All()];

    /// <inheritdoc/>
    public void Dispose()
    {
        _collector?.Dispose();
        Clock.Dispose();
    }

    private List<Activation> GrainActivations() => [.. AllActivations().Where(activation => !activation.Class.IsObserver)];

    private void Collect()
    {
        var now = (int)TimeProvider.GetElapsedTime(_started).TotalSeconds;
        foreach (var activation in AllActivations())
        {
            if (!activation.Class.IsObserver)
                activation.CollectIfOlder(now);
            else if (activation.GrainInstance is WeakReference { Target: null })
                Cluster.Table.Remove(activation);
        }
    }
}
