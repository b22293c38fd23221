using System.Collections.Immutable;
using OrleansMatrix.Protocol.Authorization;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>A place of the state that is not the same in all the states to be resolved.</summary>
/// <param name="Key">The type and state key.</param>
/// <param name="EventIds">The event id in each of the states, in their order; null where the state has none.</param>
public sealed record ConflictedKey(StateKey Key, ImmutableArray<string?> EventIds)
{
    /// <summary>Puts together what the differences between the first state and each of the others say.</summary>
    /// <param name="differences">
    /// For the second and each further state the places where it differs from the first one: the event id in the first and in the other.
    /// </param>
    public static List<ConflictedKey> FromDifferences(
        IReadOnlyList<IEnumerable<(StateKey Key, string? InFirst, string? InOther)>> differences)
    {
        ArgumentNullException.ThrowIfNull(differences);
        var all = new Dictionary<StateKey, string?[]>();
        for (var i = 0; i < differences.Count; i++)
        {
            foreach (var (key, first, other) in differences[i])
            {
                if (!all.TryGetValue(key, out var ids))
                {
                    ids = new string?[differences.Count + 1];
                    Array.Fill(ids, first);
                    all.Add(key, ids);
                }

                ids[i + 1] = other;
            }
        }

        return [.. all.Select(e => new ConflictedKey(e.Key, [.. e.Value]))];
    }
}
