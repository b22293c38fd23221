using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>Starts the observers stage by stage, those of one stage together, and stops them in reverse.</summary>
internal sealed class SiloLifecycle(ILogger<SiloLifecycle> logger) : ISiloLifecycle
{
    private readonly Lock _lock = new();
    private readonly List<Subscription> _subscriptions = [];

    public int HighestCompletedStage { get; private set; } = int.MinValue;

    public int LowestStoppedStage { get; private set; } = int.MaxValue;

    public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        var subscription = new Subscription(this, observerName, stage, observer);
        lock (_lock)
            _subscriptions.Add(subscription);
        return subscription;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var stage in Stages().OrderBy(stage => stage.Key))
            {
                cancellationToken.ThrowIfCancellationRequested();
                HighestCompletedStage = stage.Key - 1;
                foreach (var subscription in stage)
                    subscription.IsStarted = true;
                await Task.WhenAll(stage.Select(s => s.Observer.OnStart(cancellationToken)));
                HighestCompletedStage = stage.Key;
            }
        }
        catch
        {
            await StopAsync(cancellationToken);
            throw;
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var stage in Stages().OrderByDescending(stage => stage.Key))
        {
            await Task.WhenAll(stage.Where(s => s.IsStarted).Select(s => StopAsync(s, cancellationToken)));
            LowestStoppedStage = stage.Key;
        }
    }

    private async Task StopAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        subscription.IsStarted = false;
        try
        {
            await subscription.Observer.OnStop(cancellationToken);
        }
        catch (Exception exception)
        {
            Log.StopFailed(logger, exception, subscription.Name, subscription.Stage);
        }
    }

    private List<IGrouping<int, Subscription>> Stages()
    {
        lock (_lock)
            return [.. _subscriptions.GroupBy(s => s.Stage)];
    }

    private sealed class Subscription(SiloLifecycle owner, string name, int stage, ILifecycleObserver observer) : IDisposable
    {
        public string Name => name;

        public int Stage => stage;

        public ILifecycleObserver Observer => observer;

        public bool IsStarted { get; set; }

        public void Dispose()
        {
            lock (owner._lock)
                owner._subscriptions.Remove(this);
        }
    }
}
