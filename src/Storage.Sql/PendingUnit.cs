namespace OrleansMatrix.Storage.Sql;

/// <summary>A unit on its way to the database.</summary>
public sealed class PendingUnit(WriteUnit unit) : TaskCompletionSource<CommitResult>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public WriteUnit Unit { get; } = unit;

    /// <summary>True if this unit raises its fence's epoch from <see cref="Epoch"/> - 1; else it checks it.</summary>
    public bool Acquires { get; internal set; }

    /// <summary>The fence's epoch that the commit must leave in the database.</summary>
    public long Epoch { get; internal set; }

    /// <summary>The position of slot 0, set by each attempt.</summary>
    public long FirstPosition { get; set; }

    /// <summary>Why the unit failed, if it did.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Marks the unit and its fence as failed; <see cref="Finish"/> tells the caller.</summary>
    public void Fail(Exception error)
    {
        Error = error;
        if (Unit.Fence is { } fence) fence.Broken = true;
    }

    /// <summary>Completes the caller's task.</summary>
    public void Finish()
    {
        if (Error is not null) TrySetException(Error);
        else TrySetResult(new CommitResult(Unit.Changes.Count > 0 ? FirstPosition : 0));
    }
}
