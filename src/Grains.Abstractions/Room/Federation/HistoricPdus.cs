using System.Collections.Immutable;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Room.Federation;

/// <summary>Events of a gap in a room's history, in any order.</summary>
/// <param name="Anchor">The position of the live event before which the gap is; null: the one event, with its state, gets a place within the gap of its
/// time.</param>
/// <param name="States">The state before events that follow none that is known.</param>
/// <param name="IsLastTry">Do with what is here: events with missing auth events are passed over, and those without a known state before them are placed
/// without.</param>
[GenerateSerializer, Immutable, Alias("HistoricPdus")]
public sealed record HistoricPdus(
    [property: Id(0)] ServerName Origin, [property: Id(1)] long? Anchor, [property: Id(2)] ImmutableArray<ReadOnlyMemory<byte>> Pdus,
    [property: Id(3)] ImmutableArray<StateAtEvent> States, [property: Id(4)] bool IsLastTry);

/// <summary>The state before an event: event ids that are all known here.</summary>
[GenerateSerializer, Immutable, Alias("StateAtEvent")]
public sealed record StateAtEvent([property: Id(0)] string EventId, [property: Id(1)] ImmutableArray<string> State);

/// <param name="Placed">How many events found their place.</param>
/// <param name="Closed">How many events that were missing are not any more.</param>
/// <param name="NeedState">Event ids of those whose state before them is not known.</param>
/// <param name="MissingAuth">Event ids of auth events that are not here.</param>
[GenerateSerializer, Immutable, Alias("HistoryReceived")]
public sealed record HistoryReceived(
    [property: Id(0)] int Placed, [property: Id(1)] int Closed, [property: Id(2)] ImmutableArray<string> NeedState,
    [property: Id(3)] ImmutableArray<string> MissingAuth)
{
    /// <summary>True if the gap is smaller now.</summary>
    public bool IsProgress => Placed + Closed > 0;

    /// <summary>True if nothing was stored because something is missing.</summary>
    public bool IsMissing => NeedState.Length > 0 || MissingAuth.Length > 0;
}
