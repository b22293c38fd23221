using Orleans.Embedded;

namespace Orleans.Runtime;

/// <summary>A reference to a grain; holds no state of the grain.</summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>
{
    // Where the last call went; only ever a shortcut.
    private Activation? _last;

    /// <summary>For generated code.</summary>
    protected GrainReference(GrainReferenceShared shared, IdSpan key)
    {
        Shared = shared;
        Key = key;
    }

    /// <summary>The grain.</summary>
    public GrainId GrainId => new(Shared.GrainType, Key);

    /// <summary>The interface by which it is referred to.</summary>
    public GrainInterfaceType InterfaceType => Shared.InterfaceType;

    /// <summary>The name of that interface.</summary>
    public virtual string InterfaceName => Shared.InterfaceType.ToString();

    internal GrainReferenceShared Shared { get; }

    internal IdSpan Key { get; }

    /// <summary>Whether both refer to the same grain.</summary>
    public static bool operator ==(GrainReference? reference1, GrainReference? reference2) =>
        reference1 is null ? reference2 is null : reference1.Equals(reference2);

    /// <summary>Whether they refer to different grains.</summary>
    public static bool operator !=(GrainReference? reference1, GrainReference? reference2) => !(reference1 == reference2);

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId == other.GrainId;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <summary>The grain's id.</summary>
    public sealed override string ToString() => $"GrainReference:{GrainId}";

    internal void Send(Invocation call)
    {
        var method = call.CalledMethod;
        SendWithin(call, (method.Options & GrainMethodOptions.OneWay) != 0 ? 0
            : method.Timeout == default ? Shared.Silo.ResponseTicks : CallClock.TicksOf(method.Timeout));
    }

    /// <summary>Sends a call whose answer may take so many ticks of the call clock, or, with 0, any time.</summary>
    internal void SendWithin(Invocation call, int ticks)
    {
        var silo = Shared.Silo;
        call.Sender = Activation.Current;
        call.RequestContext = RequestContext.Current;
        if (silo.IsDead)
        {
            call.TryFailSoon(new SiloUnavailableException("The silo of the caller is down."));
            return;
        }
        var target = _last;
        if (target is not null && !target.IsGone && !target.Silo.IsDead && target.Silo.Cluster == silo.Cluster)
        {
            target.Accept(call, ticks);
            return;
        }
        try
        {
            target = silo.Cluster.Locate(Shared.Class, Key.Text, silo, call.Sender is { Class.IsObserver: false });
        }
        catch (OrleansException exception)
        {
            call.TryFailSoon(exception);
            return;
        }
        if (Shared.Class.MaxWorkers == 0)
            _last = target;
        target.Accept(call, ticks);
    }
}
