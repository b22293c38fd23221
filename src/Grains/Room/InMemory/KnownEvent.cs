using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.InMemory;

/// <summary>An event as the room knows it.</summary>
/// <param name="StateBefore">Root of the state before it; null where that is not known, as for outliers.</param>
/// <param name="AuthGeneration">See <see cref="EventRow.AuthGeneration"/>.</param>
/// <param name="IsHistoric">It was fetched for a gap, and never the newest.</param>
internal sealed record KnownEvent(Pdu Pdu, EventStatus Status, StateNodeId? StateBefore, int? AuthGeneration, bool IsRedacted = false, bool IsHistoric = false)
{
    /// <summary>The <see cref="EventRow.AuthGeneration"/> that follows from the auth events, as far as they are found.</summary>
    public static int? GenerationOf(Pdu pdu, Func<string, KnownEvent?> find)
    {
        if (pdu.StateKey is null)
            return null;
        var generation = 1;
        foreach (var id in pdu.AuthEvents)
        {
            if (find(id)?.AuthGeneration is not { } below)
                return null;
            generation = Math.Max(generation, below + 1);
        }

        return generation;
    }
}
