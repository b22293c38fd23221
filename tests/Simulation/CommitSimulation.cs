namespace OrleansMatrix.Simulation;

/// <summary>Runs a <see cref="CommitModel"/>. The database's processors are no bound in it.</summary>
public sealed class CommitSimulation
{
    private readonly CommitModel _model;
    private readonly EventClock _clock = new();
    private readonly Random _random;
    private readonly Queue<Action> _waitForCounter = new();
    private readonly List<Action> _waitForSync = [];
    private readonly Percentiles _latency = new();
    private bool _isCounterTaken;
    private bool _isSyncing;
    private long _groups;
    private double _measureFrom;

    private CommitSimulation(CommitModel model, int seed)
    {
        _model = model;
        _random = new Random(seed);
    }

    /// <summary>Runs for some time, of which the first fifth is not counted.</summary>
    public static CommitResult Run(CommitModel model, double milliseconds, int seed = 1)
    {
        var simulation = new CommitSimulation(model, seed) { _measureFrom = milliseconds / 5 };
        for (var silo = 0; silo < model.Silos; silo++)
        {
            var committer = new Silo(simulation);
            for (var writer = 0; writer < model.WritersPerSilo; writer++)
                simulation.Think(committer);
        }

        simulation._clock.RunUntil(milliseconds);
        var seconds = (milliseconds - simulation._measureFrom) / 1000;
        return new CommitResult(simulation._latency.Count / seconds, simulation._groups / seconds, simulation._latency);
    }

    private void Think(Silo silo)
    {
        var think = _model.Think == 0 ? 0 : -_model.Think * Math.Log(1 - _random.NextDouble());
        _clock.After(think, () => silo.Enqueue(_clock.Now));
    }

    private void TakeCounter(Action taken)
    {
        if (_isCounterTaken)
        {
            _waitForCounter.Enqueue(taken);
            return;
        }

        _isCounterTaken = true;
        taken();
    }

    private void GiveCounterBack()
    {
        _isCounterTaken = false;
        if (_waitForCounter.TryDequeue(out var next))
            TakeCounter(next);
    }

    /// <summary>A sync of the log that begins makes durable all that waits by then, as PostgreSQL's does.</summary>
    private void Sync(Action synced)
    {
        _waitForSync.Add(synced);
        if (!_isSyncing)
            BeginSync();
    }

    private void BeginSync()
    {
        var waiting = _waitForSync.ToArray();
        _waitForSync.Clear();
        _isSyncing = waiting.Length > 0;
        if (_isSyncing)
        {
            _clock.After(_model.Fsync, () =>
            {
                BeginSync();
                foreach (var synced in waiting)
                    synced();
            });
        }
    }

    private sealed class Silo(CommitSimulation simulation)
    {
        private readonly Queue<double> _waiting = new();
        private bool _isCommitting;

        public void Enqueue(double at)
        {
            _waiting.Enqueue(at);
            if (!_isCommitting)
                Begin();
        }

        private void Begin()
        {
            _isCommitting = true;
            var group = new List<double>();
            while (group.Count < CommitModel.MostUnits && _waiting.TryDequeue(out var at))
                group.Add(at);
            var (model, clock) = (simulation._model, simulation._clock);
            var half = model.RoundTrip / 2;
            clock.After(half, () =>
            {
                switch (model.Way)
                {
                    case CommitWay.HeldThroughSync:
                        simulation.TakeCounter(() => clock.After(model.RoundTrip + model.Execute(group.Count), () => simulation.Sync(() =>
                        {
                            simulation.GiveCounterBack();
                            Answer(group);
                        })));
                        break;
                    case CommitWay.GivenBackBefore:
                        simulation.TakeCounter(() => clock.After(model.RoundTrip + model.Execute(group.Count), () =>
                        {
                            simulation.GiveCounterBack();
                            simulation.Sync(() => Answer(group));
                        }));
                        break;
                    case CommitWay.OneRoundTrip:
                        simulation.TakeCounter(() => clock.After(model.Execute(group.Count), () =>
                        {
                            simulation.GiveCounterBack();
                            simulation.Sync(() => Answer(group));
                        }));
                        break;
                    default:
                        clock.After(model.Execute(group.Count), () => simulation.Sync(() => Answer(group)));
                        break;
                }
            });
        }

        private void Answer(List<double> group) => simulation._clock.After(simulation._model.RoundTrip / 2, () =>
        {
            var now = simulation._clock.Now;
            if (now >= simulation._measureFrom)
                simulation._groups++;
            foreach (var at in group)
            {
                if (now >= simulation._measureFrom)
                    simulation._latency.Add(now - at);
                simulation.Think(this);
            }

            _isCommitting = false;
            if (_waiting.Count > 0)
                Begin();
        });
    }
}
