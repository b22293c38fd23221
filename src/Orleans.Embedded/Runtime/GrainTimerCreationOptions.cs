using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>How a grain timer ticks.</summary>
public readonly struct GrainTimerCreationOptions : IEquatable<GrainTimerCreationOptions>
{
    /// <summary>To be filled by an initializer.</summary>
    public GrainTimerCreationOptions() { }

    /// <summary>A timer that neither interleaves nor keeps its activation.</summary>
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>How long until the first tick; infinite: none until changed.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>How long from the end of a tick to the next; infinite: one tick only.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Whether ticks interleave with calls and other ticks.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether ticks count as use of the activation.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>Whether both say the same.</summary>
    public static bool operator ==(GrainTimerCreationOptions left, GrainTimerCreationOptions right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(GrainTimerCreationOptions left, GrainTimerCreationOptions right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(GrainTimerCreationOptions other) =>
        (DueTime, Period, Interleave, KeepAlive) == (other.DueTime, other.Period, other.Interleave, other.KeepAlive);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is GrainTimerCreationOptions other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(DueTime, Period, Interleave, KeepAlive);
}
