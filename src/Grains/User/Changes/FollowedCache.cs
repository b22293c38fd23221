using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Changes;

/// <summary>
/// What storage has for each of many keys, kept for as long as the change hub knows of no change of one kind for the key: so every change of it must be told
/// by the change feed. One per silo, thread-safe, bounded.
/// </summary>
/// <param name="hub">Tells of the changes.</param>
/// <param name="kind">Their kind.</param>
/// <param name="maxWeight">What all values together may weigh.</param>
/// <param name="weigh">A value's weight.</param>
/// <param name="read">Reads the values of several keys; a key that is left out has the default value.</param>
internal sealed class FollowedCache<T>(
    ChangeHub hub, ChangeKind kind, long maxWeight, Func<T?, long> weigh,
    Func<IReadOnlyCollection<string>, CancellationToken, ValueTask<IReadOnlyDictionary<string, T>>> read)
{
    private readonly LruCache<string, (T? Value, long ReadAt)> _values = new(maxWeight, entry => weigh(entry.Value), StringComparer.Ordinal);

    /// <summary>The values of the keys as of the hub's position or later; those not kept are read in one trip to storage.</summary>
    public async ValueTask<IReadOnlyDictionary<string, T?>> GetAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, T?>(keys.Count, StringComparer.Ordinal);
        List<string>? missing = null;
        var changed = hub.LastChanges(keys, kind);
        foreach (var key in keys)
        {
            if (_values.TryGet(key, out var known) && known.ReadAt >= changed[key])
                found[key] = known.Value;
            else
                (missing ??= []).Add(key);
        }

        if (missing is null)
            return found;
        var position = hub.Position;
        var stored = await read(missing, cancellationToken);
        foreach (var key in missing)
        {
            var value = stored.GetValueOrDefault(key);
            _values.Set(key, (value, position));
            found[key] = value;
        }

        return found;
    }
}
