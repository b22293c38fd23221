namespace Orleans.Embedded;

/// <summary>The activations of stateless workers on a silo: several to a key, each made when all others have work.</summary>
internal sealed class WorkerSets(Silo silo)
{
    private readonly Dictionary<(GrainClass Class, string Key), List<Activation>> _sets = [];
    private int _turn;

    /// <summary>The worker for the next call.</summary>
    public Activation Take(GrainClass grainClass, string key)
    {
        var hosted = silo.Host(grainClass);
        lock (_sets)
        {
            if (!_sets.TryGetValue((grainClass, key), out var set))
                _sets[(grainClass, key)] = set = [];
            foreach (var worker in set)
            {
                if (worker.IsIdle && !worker.IsChanging)
                    return worker;
            }
            if (set.Count >= hosted.MaxWorkers)
                return set[(int)((uint)_turn++ % (uint)set.Count)];
            var added = new Activation(hosted, key, grainClass.HashOf(key));
            set.Add(added);
            return added;
        }
    }

    public void Remove(Activation worker)
    {
        lock (_sets)
        {
            if (_sets.TryGetValue((worker.Class, worker.Key), out var set) && set.Remove(worker) && set.Count == 0)
                _sets.Remove((worker.Class, worker.Key));
        }
    }

    public List<Activation> All()
    {
        lock (_sets)
            return [.. _sets.Values.SelectMany(set => set)];
    }
}
