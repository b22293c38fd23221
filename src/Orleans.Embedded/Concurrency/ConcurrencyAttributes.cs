using Orleans.Placement;

namespace Orleans.Concurrency;

/// <summary>Calls to an activation of this class may interleave at every await.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReentrantAttribute : Attribute;

/// <summary>Names a method <c>bool M(IInvokable)</c> of the class that says whether a call may interleave.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class MayInterleaveAttribute : Attribute
{
    /// <summary>Names the method.</summary>
    public MayInterleaveAttribute(string callbackMethodName) => ArgumentNullException.ThrowIfNull(callbackMethodName);
}

/// <summary>A class without state of its own: several activations per key, each on the silo of its caller.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class StatelessWorkerAttribute : PlacementAttribute
{
    /// <summary>As many workers per key as there are processors.</summary>
    public StatelessWorkerAttribute() { }

    /// <summary>At most <paramref name="maxLocalWorkers"/> workers per key.</summary>
    public StatelessWorkerAttribute(int maxLocalWorkers) => ArgumentOutOfRangeException.ThrowIfLessThan(maxLocalWorkers, 1);
}

/// <summary>This method interleaves with every other.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;

/// <summary>This method changes no state, and interleaves with others that change none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReadOnlyAttribute : Attribute;

/// <summary>The caller waits for no answer and learns of no failure.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneWayAttribute : Attribute;
