using System.Collections.Immutable;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.StateResolution;

namespace OrleansMatrix.Peers.Tests.Graph;

/// <summary>Resolves states of a room whose events are all at hand.</summary>
internal sealed class Resolution(GraphRoom room, ImmutableDictionary<StateKey, string> common) : IResolutionSource
{
    /// <summary>The state that the states resolve to.</summary>
    public static ImmutableDictionary<StateKey, string> Of(GraphRoom room, IReadOnlyList<ImmutableDictionary<StateKey, string>> states)
    {
        if (states.Count == 0)
            return ImmutableDictionary<StateKey, string>.Empty;
        var conflicts = new List<ConflictedKey>();
        var common = states[0];
        foreach (var key in states.SelectMany(static s => s.Keys).ToHashSet())
        {
            ImmutableArray<string?> ids = [.. states.Select(s => s.GetValueOrDefault(key))];
            if (ids.All(id => id == ids[0]))
                continue;
            conflicts.Add(new ConflictedKey(key, ids));
            common = common.Remove(key);
        }

        // Everything is at hand, so that it ends at once.
        var resolved = StateResolver.ResolveAsync(room.Version, conflicts, new Resolution(room, common)).AsTask().GetAwaiter().GetResult();
        foreach (var (key, id) in resolved)
            common = id is null ? common.Remove(key) : common.SetItem(key, id);
        return common;
    }

    public ValueTask<IReadOnlyCollection<ResolutionEvent>> GetEventsAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken) =>
        new([.. eventIds.Select(room.Find).OfType<Protocol.Events.Pdu>().Select(p => new ResolutionEvent(p, room.IsRejected(p.EventId), null))]);

    public ValueTask<string?> GetUnconflictedAsync(StateKey key, CancellationToken cancellationToken) => new(common.GetValueOrDefault(key));

    public ValueTask<IReadOnlyCollection<string>?> GetCitingAsync(string eventId, CancellationToken cancellationToken) =>
        new((IReadOnlyCollection<string>?)null);

    public ValueTask<IReadOnlyCollection<string>> GetUnconflictedIdsAsync(int lowestGeneration, CancellationToken cancellationToken) => new([.. common.Values]);
}
