namespace OrleansMatrix.Grains;

/// <summary>Keeps what was used last, up to a total weight. Thread-safe.</summary>
/// <param name="maxWeight">What all values together may weigh, in the unit of <paramref name="weigh"/>; one value is kept whatever it weighs.</param>
/// <param name="weigh">A value's weight, which must not change.</param>
/// <param name="comparer">Compares keys.</param>
internal sealed class LruCache<TKey, TValue>(long maxWeight, Func<TValue, long> weigh, IEqualityComparer<TKey>? comparer = null) where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _byKey = new(comparer);
    private readonly LinkedList<(TKey Key, TValue Value)> _byUse = new();
    private long _weight;

    /// <summary>What is kept weighs so much.</summary>
    public long Weight
    {
        get
        {
            lock (_gate)
                return _weight;
        }
    }

    /// <summary>The value, if it is kept.</summary>
    public bool TryGet(TKey key, out TValue value)
    {
        lock (_gate)
        {
            if (!_byKey.TryGetValue(key, out var entry))
            {
                value = default!;
                return false;
            }

            if (entry != _byUse.First)
            {
                _byUse.Remove(entry);
                _byUse.AddFirst(entry);
            }

            value = entry.Value.Value;
            return true;
        }
    }

    /// <summary>Keeps a value, in the place of the one that the key had.</summary>
    public void Set(TKey key, TValue value)
    {
        lock (_gate)
        {
            if (_byKey.Remove(key, out var before))
                Drop(before);
            _byKey.Add(key, _byUse.AddFirst((key, value)));
            _weight += weigh(value);
            while (_weight > maxWeight && _byUse.Count > 1)
            {
                var last = _byUse.Last!;
                _byKey.Remove(last.Value.Key);
                Drop(last);
            }
        }
    }

    private void Drop(LinkedListNode<(TKey Key, TValue Value)> entry)
    {
        _byUse.Remove(entry);
        _weight -= weigh(entry.Value.Value);
    }
}
