namespace Orleans.Embedded.Tests.Grains;

public interface ILifeGrain : IGrainWithStringKey
{
    Task<int> Generation();

    Task End();

    Task Hold(string gate);

    Task Stay(TimeSpan span);
}

/// <summary>Whether the next activations fail, and how many there were.</summary>
public sealed class Lives
{
    private int _count;

    public int Count => _count;

    public bool Fails { get; set; }

    public bool HoldsActivation { get; set; }

    public bool HoldsDeactivation { get; set; }

    public int Next() => Interlocked.Increment(ref _count);
}

public sealed class LifeGrain(Gates gates, Lives lives) : Grain, ILifeGrain, IAsyncDisposable
{
    private int _generation;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _generation = lives.Next();
        gates.Reach("activate");
        if (lives.HoldsActivation)
            await gates.Pass("activating").WaitAsync(cancellationToken);
        if (lives.Fails)
            throw new InvalidOperationException("It cannot live.");
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        gates.Reach($"deactivate {reason.ReasonCode}");
        if (lives.HoldsDeactivation)
            await gates.Pass("deactivating").WaitAsync(cancellationToken);
    }

    public Task<int> Generation() => Task.FromResult(_generation);

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task Hold(string gate) => gates.Pass(gate);

    public Task Stay(TimeSpan span)
    {
        DelayDeactivation(span);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        gates.Reach("dispose");
        return default;
    }
}

public interface IKeptGrain : IGrainWithStringKey
{
    Task<int> Add();
}

[KeepAlive]
public sealed class KeptGrain : Grain, IKeptGrain
{
    private int _count;

    public Task<int> Add() => Task.FromResult(++_count);
}

public interface IShortGrain : IGrainWithStringKey
{
    Task<int> Add();
}

[CollectionAgeLimit(Minutes = 2)]
public sealed class ShortGrain(Gates gates) : Grain, IShortGrain
{
    private int _count;

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        gates.Reach("short ended");
        return Task.CompletedTask;
    }

    public Task<int> Add() => Task.FromResult(++_count);
}
