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

/// <summary>Events of one room that were used lately, bounded in number.</summary>
internal sealed class EventCache(int capacity = EventCache.DefaultCapacity)
{
    public const int DefaultCapacity = 64;
    private readonly Dictionary<string, LinkedListNode<KnownEvent>> _byId = new(StringComparer.Ordinal);
    private readonly LinkedList<KnownEvent> _byUse = new();

    public KnownEvent? Get(string eventId)
    {
        if (!_byId.TryGetValue(eventId, out var node))
            return null;
        _byUse.Remove(node);
        _byUse.AddFirst(node);
        return node.Value;
    }

    public void Put(KnownEvent known)
    {
        if (_byId.Remove(known.Pdu.EventId, out var old))
            _byUse.Remove(old);
        _byId[known.Pdu.EventId] = _byUse.AddFirst(known);
        if (_byUse.Count <= capacity)
            return;
        _byId.Remove(_byUse.Last!.Value.Pdu.EventId);
        _byUse.RemoveLast();
    }
}
