using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>How calls of a method are scheduled.</summary>
[Flags]
public enum GrainMethodOptions
{
    /// <summary>One after the other.</summary>
    None = 0,

    /// <summary>The caller waits for no answer.</summary>
    OneWay = 1,

    /// <summary>Interleaves with others of the kind.</summary>
    ReadOnly = 2,

    /// <summary>Interleaves with everything.</summary>
    AlwaysInterleave = 4,
}

/// <summary>A method of a grain interface.</summary>
/// <param name="interfaceType">The interface that declares it.</param>
/// <param name="interfaceName">The full name of the interface.</param>
/// <param name="name">The name of the method.</param>
/// <param name="options">How its calls are scheduled.</param>
/// <param name="timeoutTicks">How long callers wait, in <see cref="TimeSpan"/> ticks; 0: as long as the silo's options say.</param>
public sealed class GrainMethod(Type interfaceType, string interfaceName, string name, GrainMethodOptions options, long timeoutTicks)
{
    internal Type InterfaceType { get; } = interfaceType;

    internal string InterfaceName { get; } = interfaceName;

    internal string Name { get; } = name;

    internal GrainMethodOptions Options { get; } = options;

    internal TimeSpan Timeout { get; } = TimeSpan.FromTicks(timeoutTicks);

    internal GrainInterfaceType GrainInterfaceType => GrainInterfaceType.Create(InterfaceName);

    /// <inheritdoc/>
    public override string ToString() => $"{InterfaceName}.{Name}";
}
