using Microsoft.Extensions.Hosting;
using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>Starts and stops a silo with its host.</summary>
internal sealed class SiloHost(Silo silo, SiloLifecycle lifecycle, IEnumerable<ILifecycleParticipant<ISiloLifecycle>> participants)
    : IHostedService, IDisposable
{
    private bool _started;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _started = true;
        lifecycle.Subscribe("Silo", ServiceLifecycleStage.RuntimeGrainServices, _ =>
        {
            silo.Start();
            return Task.CompletedTask;
        }, _ =>
        {
            silo.Die();
            return Task.CompletedTask;
        });
        lifecycle.Subscribe("Grains", ServiceLifecycleStage.GrainDeactivation, _ => Task.CompletedTask, silo.DrainAsync);
        foreach (var participant in participants)
            participant.Participate(lifecycle);
        await lifecycle.StartAsync(cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_started && !silo.IsDead)
            await lifecycle.StopAsync(cancellationToken);
    }

    public void Dispose() => silo.Die();
}
