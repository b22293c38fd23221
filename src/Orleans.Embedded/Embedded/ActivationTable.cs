namespace Orleans.Embedded;

/// <summary>
/// The activations of a cluster by class and key: at most one each. A hash table whose nodes are the activations
/// themselves, so that an activation costs no memory here but a share of a bucket.
/// </summary>
internal sealed class ActivationTable
{
    private const int StripeCount = 32;

    private readonly Stripe[] _stripes = [.. Enumerable.Range(0, StripeCount).Select(_ => new Stripe())];

    public int Count => _stripes.Sum(stripe => stripe.Count);

    public Activation? Find(GrainClass grainClass, string key)
    {
        var hash = grainClass.HashOf(key);
        var stripe = StripeOf(hash);
        lock (stripe)
            return stripe.Find(grainClass, key, hash);
    }

    /// <summary>The activation of the key; if there is none, the one that <paramref name="create"/> makes.</summary>
    public Activation GetOrAdd<TState>(GrainClass grainClass, string key, TState state, Func<TState, GrainClass, string, int, Activation> create)
    {
        var hash = grainClass.HashOf(key);
        var stripe = StripeOf(hash);
        lock (stripe)
        {
            if (stripe.Find(grainClass, key, hash) is { } found)
                return found;
            var added = create(state, grainClass, key, hash);
            stripe.Add(added);
            return added;
        }
    }

    /// <summary>Adds an activation that is known to be the only one of its key.</summary>
    public void Add(Activation activation)
    {
        var stripe = StripeOf(activation.Hash);
        lock (stripe)
            stripe.Add(activation);
    }

    /// <summary>Removes the activation if it is in the table.</summary>
    public void Remove(Activation activation)
    {
        var stripe = StripeOf(activation.Hash);
        lock (stripe)
            stripe.Remove(activation);
    }

    /// <summary>The activations of a silo at some moment.</summary>
    public List<Activation> ActivationsOf(Silo silo)
    {
        List<Activation> result = [];
        foreach (var stripe in _stripes)
        {
            lock (stripe)
                stripe.Collect(silo, result);
        }
        return result;
    }

    private Stripe StripeOf(int hash) => _stripes[(uint)hash >> 27];

    private sealed class Stripe
    {
        private Activation?[] _buckets = new Activation?[4];

        public int Count { get; private set; }

        public Activation? Find(GrainClass grainClass, string key, int hash)
        {
            var activation = _buckets[hash & (_buckets.Length - 1)];
            while (activation is not null
                && !(activation.Hash == hash && activation.Class == grainClass && string.Equals(activation.Key, key)))
                activation = activation.NextInBucket;
            return activation;
        }

        public void Add(Activation activation)
        {
            if (++Count > _buckets.Length)
                Grow();
            ref var bucket = ref _buckets[activation.Hash & (_buckets.Length - 1)];
            activation.NextInBucket = bucket;
            bucket = activation;
        }

        public void Remove(Activation activation)
        {
            ref var link = ref _buckets[activation.Hash & (_buckets.Length - 1)];
            while (link is not null && link != activation)
                link = ref link.NextInBucket;
            if (link is null)
                return;
            link = activation.NextInBucket;
            activation.NextInBucket = null;
            Count--;
        }

        public void Collect(Silo silo, List<Activation> result)
        {
            foreach (var first in _buckets)
            {
                for (var activation = first; activation is not null; activation = activation.NextInBucket)
                {
                    if (activation.Silo == silo)
                        result.Add(activation);
                }
            }
        }

        private void Grow()
        {
            var old = _buckets;
            _buckets = new Activation?[old.Length * 2];
            foreach (var first in old)
            {
                var activation = first;
                while (activation is not null)
                {
                    var next = activation.NextInBucket;
                    ref var bucket = ref _buckets[activation.Hash & (_buckets.Length - 1)];
                    activation.NextInBucket = bucket;
                    bucket = activation;
                    activation = next;
                }
            }
        }
    }
}
