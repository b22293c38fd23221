namespace OrleansMatrix.Simulation;

/// <summary>How commits of several silos get positions in the stream of changes.</summary>
public enum CommitWay
{
    /// <summary>The counter's row is locked first, in a round trip of its own, and held until the log is synced, as a plain transaction does.</summary>
    HeldThroughSync,

    /// <summary>The same, but given back before the sync, which silos share.</summary>
    GivenBackBefore,

    /// <summary>The same in one round trip, within which the database counts the positions: it is held for the work alone (ADR 0003).</summary>
    OneRoundTrip,

    /// <summary>Each silo has positions of its own, and a token is one position for each.</summary>
    OwnPositions,
}
