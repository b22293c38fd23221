using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>The silos of this process that see each other, and their activations.</summary>
internal sealed class Cluster
{
    private static readonly GrainClass Observers = new(typeof(IGrainObserver), "sys.client", [], null);

    private readonly Lock _lock = new();
    private volatile Silo[] _silos = [];
    private int _names;

    public ActivationTable Table { get; } = new();

    public IReadOnlyList<Silo> Silos => _silos;

    public static GrainClass ObserverClass => Observers;

    /// <summary>A number nobody else in the cluster has got.</summary>
    public int NextNumber() => Interlocked.Increment(ref _names);

    public void Add(Silo silo)
    {
        lock (_lock)
            _silos = [.. _silos, silo];
        Changed?.Invoke();
    }

    public void Remove(Silo silo)
    {
        lock (_lock)
            _silos = [.. _silos.Where(other => other != silo)];
        Changed?.Invoke();
    }

    /// <summary>A silo came or went.</summary>
    public event Action? Changed;

    /// <summary>The activation of a grain, made if there is none.</summary>
    /// <exception cref="SiloUnavailableException">No silo takes it.</exception>
    /// <param name="grainClass">The grain's class.</param>
    /// <param name="key">The grain's key.</param>
    /// <param name="caller">The silo or client that asks.</param>
    /// <param name="isGrain">Whether it asks for one of its grains.</param>
    public Activation Locate(GrainClass grainClass, string key, Silo caller, bool isGrain)
    {
        if (grainClass.IsObserver)
            return Table.Find(grainClass, key) ?? throw new ClientNotAvailableException(new(grainClass.GrainType, IdSpan.Create(key)));
        if (grainClass.MaxWorkers != 0)
            return Place(grainClass, key, caller, isGrain).Workers.Take(grainClass, key);
        return Table.GetOrAdd(grainClass, key, (Cluster: this, Caller: caller, IsGrain: isGrain), static (state, grainClass, key, hash) =>
            new Activation(state.Cluster.Place(grainClass, key, state.Caller, state.IsGrain).Host(grainClass), key, hash));
    }

    /// <summary>The silo that a key's hash selects of those that are active.</summary>
    public Silo? OwnerOf(int hash)
    {
        var silos = _silos;
        var active = 0;
        foreach (var silo in silos)
            active += silo.Status == SiloStatus.Active ? 1 : 0;
        if (active == 0)
            return null;
        var chosen = (int)((uint)hash % (uint)active);
        foreach (var silo in silos)
        {
            if (silo.Status == SiloStatus.Active && chosen-- == 0)
                return silo;
        }
        return null;
    }

    private Silo Place(GrainClass grainClass, string key, Silo caller, bool isGrain)
    {
        var isLocal = grainClass.PreferLocal || grainClass.MaxWorkers != 0;
        if (isLocal && caller is { IsClient: false, Status: SiloStatus.Active })
            return caller;
        // While a silo drains, what it still runs may need grains that it does not have.
        return OwnerOf(grainClass.HashOf(key))
            ?? (isGrain && caller.Status == SiloStatus.Stopping ? caller : null)
            ?? throw new SiloUnavailableException("No silo is running.");
    }
}

internal enum SiloStatus
{
    /// <summary>Takes no calls yet.</summary>
    Created,

    /// <summary>Takes calls.</summary>
    Active,

    /// <summary>Ends its activations.</summary>
    Stopping,

    /// <summary>Runs nothing any more.</summary>
    Dead,
}
