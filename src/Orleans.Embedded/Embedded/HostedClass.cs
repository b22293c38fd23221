namespace Orleans.Embedded;

/// <summary>What the activations of one class on one silo have in common.</summary>
internal sealed class HostedClass
{
    private readonly bool _needsScope;

    public HostedClass(Silo silo, GrainClass grainClass)
    {
        Silo = silo;
        Class = grainClass;
        var options = silo.CollectionOptions;
        var age = grainClass.CollectionAge switch
        {
            < 0 => Timeout.InfiniteTimeSpan,
            > 0 and var ticks => TimeSpan.FromTicks(ticks),
            _ => options.ClassSpecificCollectionAge.GetValueOrDefault(grainClass.Type.FullName!, options.CollectionAge),
        };
        CollectionAge = age == Timeout.InfiniteTimeSpan || grainClass.IsObserver ? -1 : (int)Math.Min(age.TotalSeconds, int.MaxValue);
        ActivationTicks = CallClock.TicksOf(options.ActivationTimeout);
        DeactivationTicks = CallClock.TicksOf(options.DeactivationTimeout);
        MaxWorkers = grainClass.MaxWorkers < 0 ? Environment.ProcessorCount : grainClass.MaxWorkers;
        _needsScope = grainClass.Dependencies.Any(silo.Lifetimes.NeedsScope);
    }

    public Silo Silo { get; }

    public GrainClass Class { get; }

    /// <summary>In seconds; -1: never.</summary>
    public int CollectionAge { get; }

    public int ActivationTicks { get; }

    public int DeactivationTicks { get; }

    public int MaxWorkers { get; }

    public object CreateInstance(Activation activation) =>
        Class.Create!(activation, _needsScope ? activation.ActivationServices : Silo.Services);
}
