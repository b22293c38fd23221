using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Embedded;

namespace Orleans.TestingHost;

/// <summary>A silo of a test cluster.</summary>
public abstract class SiloHandle : IAsyncDisposable
{
    /// <summary>Its number in the order of starts.</summary>
    public short InstanceNumber { get; set; }

    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether it runs.</summary>
    public abstract bool IsActive { get; }

    /// <summary>Stops it: gracefully, or as if its process died.</summary>
    public abstract Task StopSiloAsync(bool stopGracefully);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}

/// <summary>A silo of an in-process test cluster.</summary>
public class InProcessSiloHandle : SiloHandle
{
    private bool _stopped;

    /// <summary>Its host.</summary>
    public IHost SiloHost { get; init; } = null!;

    /// <summary>Its services.</summary>
    public IServiceProvider ServiceProvider => SiloHost.Services;

    /// <inheritdoc/>
    public override bool IsActive => !_stopped && Silo.Status == SiloStatus.Active;

    internal Silo Silo => ServiceProvider.GetRequiredService<Silo>();

    /// <inheritdoc/>
    public override async Task StopSiloAsync(bool stopGracefully)
    {
        if (_stopped)
            return;
        _stopped = true;
        if (!stopGracefully)
            Silo.Die();
        // A host that does not come to its end in this time is left: a test may have blocked a grain for good.
        using var timeout = new CancellationTokenSource(stopGracefully ? TimeSpan.FromSeconds(10) : TimeSpan.Zero);
        try
        {
            await SiloHost.StopAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            Silo.Die();
        }
        if (SiloHost is IAsyncDisposable host)
            await host.DisposeAsync();
        else
            SiloHost.Dispose();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await StopSiloAsync(stopGracefully: true);
        GC.SuppressFinalize(this);
    }
}
