using Orleans.Runtime;

namespace Orleans.Embedded.Tests.Grains;

public interface ITimerGrain : IGrainWithStringKey
{
    Task Start(TimeSpan due, TimeSpan period, bool interleave, bool keepAlive);

    Task StartWithState(string state);

    Task Change(TimeSpan due, TimeSpan period);

    Task Stop();

    Task Hold(string gate);

    Task HoldTicks();
}

public sealed class TimerGrain(Gates gates) : Grain, ITimerGrain
{
    private IGrainTimer? _timer;
    private bool _holdTicks;

    public Task Start(TimeSpan due, TimeSpan period, bool interleave, bool keepAlive)
    {
        _timer = this.RegisterGrainTimer(Tick, new GrainTimerCreationOptions(due, period) { Interleave = interleave, KeepAlive = keepAlive });
        return Task.CompletedTask;
    }

    public Task StartWithState(string state)
    {
        this.RegisterGrainTimer(static async (s, ct) =>
        {
            s.gates.Reach(s.state);
            await Task.Delay(Timeout.Infinite, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            s.gates.Reach($"{s.state} stopped");
        }, (gates, state), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        return Task.CompletedTask;
    }

    public Task Change(TimeSpan due, TimeSpan period)
    {
        _timer!.Change(due, period);
        return Task.CompletedTask;
    }

    public Task Stop()
    {
        _timer!.Dispose();
        return Task.CompletedTask;
    }

    public Task Hold(string gate) => gates.Pass(gate);

    public Task HoldTicks()
    {
        _holdTicks = true;
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        gates.Reach("deactivate");
        return Task.CompletedTask;
    }

    private async Task Tick()
    {
        gates.Reach("tick");
        if (_holdTicks)
            await gates.Pass("ticking");
        else
            throw new InvalidOperationException("A failed tick does not stop the timer.");
    }
}
