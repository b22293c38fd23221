using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans;

/// <summary>A call on its way.</summary>
public interface IGrainCallContext
{
    /// <summary>The grain or observer that is called.</summary>
    object Grain { get; }

    /// <summary>The caller's grain, or null if the caller is none.</summary>
    GrainId? SourceId { get; }

    /// <summary>The grain that is called.</summary>
    GrainId TargetId { get; }

    /// <summary>The interface by which it is called.</summary>
    GrainInterfaceType InterfaceType { get; }

    /// <summary>The name of that interface.</summary>
    string InterfaceName { get; }

    /// <summary>The name of the method.</summary>
    string MethodName { get; }

    /// <summary>The method's arguments.</summary>
    IInvokable Request { get; }

    /// <summary>The result, once <see cref="Invoke"/> has completed; may be replaced by one of the same type.</summary>
    object? Result { get; set; }

    /// <summary>Goes on to the next filter, and after the last to the grain.</summary>
    Task Invoke();
}

/// <summary>A call on the side of the grain that is called.</summary>
public interface IIncomingGrainCallContext : IGrainCallContext
{
    /// <summary>The activation that is called.</summary>
    IGrainContext TargetContext { get; }
}

/// <summary>Stands before every call to a grain, or, implemented by a grain class, before every call to that grain.</summary>
public interface IIncomingGrainCallFilter
{
    /// <summary>Handles a call; calls <see cref="IGrainCallContext.Invoke"/> to let it go on.</summary>
    Task Invoke(IIncomingGrainCallContext context);
}
