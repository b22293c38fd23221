using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.StateResolution;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>State resolution where branches of the history meet.</summary>
internal static class ResolveState
{
    /// <summary>The one state that follows from several. Costs what differs between them, not what they have in common.</summary>
    public static async ValueTask<StateNodeId> OfAsync(ActiveRoom room, IReadOnlyCollection<StateNodeId> states)
    {
        var distinct = states.Distinct().ToList();
        if (distinct is [var only])
            return only;
        var first = distinct[0];
        var differences = new List<IEnumerable<(StateKey Key, string? InFirst, string? InOther)>>();
        foreach (var other in distinct.Skip(1))
            differences.Add((await room.Map.DiffAsync(first, other)).ConvertAll(c => (new StateKey(c.Type, c.StateKey), c.Old, c.New)));
        var conflicts = ConflictedKey.FromDifferences(differences);
        var source = new ResolutionSource(room, first, conflicts.Select(c => c.Key).ToHashSet());
        var resolved = first;
        foreach (var (key, eventId) in await StateResolver.ResolveAsync(room.Version, conflicts, source))
            resolved = await room.Map.SetAsync(resolved, key.Type, key.Key, eventId);
        return resolved;
    }
}
