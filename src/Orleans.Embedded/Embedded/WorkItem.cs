namespace Orleans.Embedded;

/// <summary>Something an activation runs in a turn. An item is in at most one queue at a time.</summary>
public abstract class WorkItem
{
    internal WorkItem? Next;

    private protected WorkItem() { }

    internal abstract void Execute(Activation activation);

    /// <summary>The activation's silo died before the item ran.</summary>
    internal virtual void Drop() { }
}

/// <summary>A continuation of code that runs in an activation.</summary>
internal sealed class Continuation(SendOrPostCallback callback, object? state) : WorkItem
{
    internal override void Execute(Activation activation) => callback(state);
}

/// <summary>An action on an activation.</summary>
internal sealed class ActionItem(Action<Activation> action) : WorkItem
{
    internal override void Execute(Activation activation) => action(activation);
}
