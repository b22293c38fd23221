using System.Globalization;
using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>Makes the references of a silo or client.</summary>
internal sealed class ReferenceFactory(Silo silo) : IGrainFactory
{
    private readonly Lock _lock = new();
    private volatile State _state = new();

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey =>
        Create<TGrainInterface>(GrainIdKeyExtensions.CreateGuidKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey =>
        Create<TGrainInterface>(GrainIdKeyExtensions.CreateIntegerKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        return Create<TGrainInterface>(IdSpan.Create(primaryKey), grainClassNamePrefix);
    }

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable =>
        (TGrainInterface)(object)Create(typeof(TGrainInterface), grainId);

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
        ArgumentNullException.ThrowIfNull(obj);
        if (obj is GrainReference)
            throw new ArgumentException("It is a reference already.", nameof(obj));
        if (obj is Grain)
            throw new ArgumentException("Grains call a grain by a reference to it, not as an observer.", nameof(obj));
        var key = string.Create(CultureInfo.InvariantCulture, $"{silo.Name}+{silo.Cluster.NextNumber()}");
        var observers = Cluster.ObserverClass;
        silo.Cluster.Table.Add(new Activation(silo.Host(observers), key, observers.HashOf(key), new WeakReference(obj)));
        return GetGrain<TGrainObserverInterface>(new GrainId(observers.GrainType, IdSpan.Create(key)));
    }

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver
    {
        if (obj is not GrainReference reference)
            throw new ArgumentException("It is no reference to an observer.", nameof(obj));
        silo.Cluster.Table.Find(Cluster.ObserverClass, reference.Key.Text)
            ?.Deactivate(new(DeactivationReasonCode.ApplicationRequested, "The reference was deleted"));
    }

    public GrainReference Create(Type interfaceType, GrainId grainId)
    {
        var shared = _state.ByType.TryGetValue((interfaceType, grainId.Type), out var known)
            ? known
            : Share(interfaceType, grainId.Type);
        return shared.Create(grainId.Key);
    }

    public GrainReference CreateUntyped(GrainId grainId) => new UntypedReference(Share(typeof(IAddressable), grainId.Type), grainId.Key);

    private TGrainInterface Create<TGrainInterface>(IdSpan key, string? prefix)
    {
        var shared = prefix is null && _state.ByInterface.TryGetValue(typeof(TGrainInterface), out var known)
            ? known
            : Share(typeof(TGrainInterface), prefix);
        return (TGrainInterface)(object)shared.Create(key);
    }

    private GrainReferenceShared Share(Type interfaceType, string? prefix)
    {
        var (_, classes) = GrainManifest.Snapshot();
        var candidates = classes.Where(c => c.Interfaces.Contains(interfaceType)
            && (prefix is null || c.Type.FullName!.StartsWith(prefix, StringComparison.Ordinal))).ToArray();
        if (candidates.Length != 1)
        {
            throw new ArgumentException(candidates.Length == 0
                ? $"No grain class implements {interfaceType}."
                : $"Several grain classes implement {interfaceType}: {string.Join(", ", candidates.Select(c => c.Type))}.");
        }
        var shared = Share(interfaceType, candidates[0].GrainType);
        if (prefix is null)
        {
            lock (_lock)
                _state = _state with { ByInterface = new(_state.ByInterface) { [interfaceType] = shared } };
        }
        return shared;
    }

    private GrainReferenceShared Share(Type interfaceType, GrainType grainType)
    {
        lock (_lock)
        {
            if (_state.ByType.TryGetValue((interfaceType, grainType), out var known))
                return known;
            var (interfaces, classes) = GrainManifest.Snapshot();
            var grainClass = grainType == Cluster.ObserverClass.GrainType
                ? Cluster.ObserverClass
                : classes.SingleOrDefault(c => c.GrainType == grainType) ?? throw new ArgumentException($"No grain class has the name {grainType}.");
            var grainInterface = interfaces.SingleOrDefault(i => i.Type == interfaceType)
                ?? (interfaceType == typeof(IAddressable)
                    ? new GrainInterface(interfaceType, "", static (shared, key) => new UntypedReference(shared, key))
                    : throw new ArgumentException($"No reference was generated for {interfaceType}."));
            var shared = new GrainReferenceShared(silo, grainClass, grainInterface);
            _state = _state with { ByType = new(_state.ByType) { [(interfaceType, grainType)] = shared } };
            return shared;
        }
    }

    private sealed record State
    {
        public Dictionary<Type, GrainReferenceShared> ByInterface { get; init; } = [];

        public Dictionary<(Type Interface, GrainType Type), GrainReferenceShared> ByType { get; init; } = [];
    }

    private sealed class UntypedReference(GrainReferenceShared shared, IdSpan key) : GrainReference(shared, key);
}
