namespace OrleansMatrix.Simulation;

/// <summary>How commits of several silos get positions in the stream of changes.</summary>
public enum CommitWay
{
    /// <summary>The counter's row is locked first, in a round trip of its own, and held until the log is synced (ADR 0003).</summary>
    CounterFirst,

    /// <summary>The database itself takes the counter after the writes, in the same round trip: it is held while positions are given and the log is synced.</summary>
    CounterLast,

    /// <summary>Each silo has positions of its own, and a token is one position for each; commits share the syncs of the log.</summary>
    OwnPositions,
}
