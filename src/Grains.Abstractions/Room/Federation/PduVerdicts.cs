using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.Room.Federation;

/// <summary>What became of a remote event (S-S API, Checks performed on receipt of a PDU).</summary>
[GenerateSerializer, Alias("PduVerdict")]
public enum PduVerdict
{
    /// <summary>It is in the room's history and its state, if it has any, counts.</summary>
    Accepted,
    /// <summary>It was known already.</summary>
    Duplicate,
    /// <summary>It is stored, but the current state does not allow it: not shown to clients.</summary>
    SoftFailed,
    /// <summary>It is stored as rejected.</summary>
    Rejected,
    /// <summary>Not an event of this room, or its signatures are not good; nothing is stored.</summary>
    Dropped,
    /// <summary>Not judged: events that it follows are not here. Send those, or the state before it.</summary>
    MissingPrevEvents,
    /// <summary>Not judged: auth events are not here.</summary>
    MissingAuthEvents,
    /// <summary>Not judged, and kept until it can be: it is taken, and judged later.</summary>
    Staged,
}

/// <param name="EventId">Empty if the event is so malformed that it has none.</param>
/// <param name="Reason">Why it was not accepted; null if it was.</param>
/// <param name="Missing">The event ids that are missing; of a rejected event those without which the state before it is not known.</param>
[GenerateSerializer, Immutable, Alias("JudgedPdu")]
public sealed record JudgedPdu(
    [property: Id(0)] string EventId, [property: Id(1)] PduVerdict Verdict, [property: Id(2)] string? Reason, [property: Id(3)] ImmutableArray<string> Missing);

/// <summary>One verdict for each event, in the order in which they were given.</summary>
[GenerateSerializer, Immutable, Alias("PduVerdicts")]
public sealed record PduVerdicts([property: Id(0)] ImmutableArray<JudgedPdu> Pdus);
