using OrleansMatrix.Protocol.Authorization;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>The unconflicted state map, as far as it was asked for.</summary>
internal sealed class CommonState(IReadOnlyCollection<ConflictedKey> conflicts, IResolutionSource source, CancellationToken cancellationToken)
{
    private readonly Dictionary<StateKey, string?> _ids = conflicts.ToDictionary(c => c.Key, _ => (string?)null);

    /// <summary>Finds out what all states have in a place.</summary>
    public async ValueTask<string?> LoadAsync(StateKey key)
    {
        if (!_ids.TryGetValue(key, out var id))
        {
            id = await source.GetUnconflictedAsync(key, cancellationToken);
            _ids.Add(key, id);
        }

        return id;
    }

    /// <summary>The event id in a place that was loaded; null when the place is conflicted or empty.</summary>
    public string? Get(StateKey key) => _ids.GetValueOrDefault(key);

    /// <summary>True when all states have this event, whose place was loaded.</summary>
    public bool Has(AuthNode node) => Get(node.Key) == node.Id;
}
