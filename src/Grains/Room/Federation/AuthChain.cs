using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>Walks auth events (S-S API, auth chain).</summary>
internal static class AuthChain
{
    private const int MaxEvents = 100_000;

    /// <summary>All events that the given ones name as auth events, directly or through others, without those given.</summary>
    public static async ValueTask<List<Pdu>> OfAsync(ActiveRoom room, IReadOnlyCollection<Pdu> of)
    {
        var seen = of.Select(p => p.EventId).ToHashSet(StringComparer.Ordinal);
        var chain = new List<Pdu>();
        var next = of.SelectMany(p => p.AuthEvents).Where(seen.Add).ToList();
        while (next.Count > 0 && chain.Count < MaxEvents)
        {
            var found = (await room.Events.GetManyAsync(next)).Values.Select(e => e.Pdu).ToList();
            chain.AddRange(found);
            next = [.. found.SelectMany(p => p.AuthEvents).Where(seen.Add)];
        }

        return chain;
    }
}
