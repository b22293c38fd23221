namespace Orleans.Runtime;

/// <summary>A timer of an activation; it ends with it.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets when the next tick comes and how long after its end the one after that.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}
