using System.Collections.ObjectModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Embedded;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>Silos in this process that share their activations, each with a host and services of its own, and a client.</summary>
public sealed class InProcessTestCluster : IAsyncDisposable
{
    private readonly Cluster _cluster = new();
    private readonly List<InProcessSiloHandle> _silos = [];
    private IHost? _clientHost;
    private short _started;

    internal InProcessTestCluster(InProcessTestClusterOptions options) => Options = options;

    /// <summary>The cluster's options.</summary>
    public InProcessTestClusterOptions Options { get; }

    /// <summary>The silos that run.</summary>
    public ReadOnlyCollection<InProcessSiloHandle> Silos => new([.. _silos]);

    /// <summary>The client: it runs no grains, and reaches all silos but those that are cut off.</summary>
    public IClusterClient Client => _clientHost?.Services.GetRequiredService<IClusterClient>()
        ?? throw new InvalidOperationException("The cluster is not deployed.");

    /// <summary>Starts the silos and the client.</summary>
    public async Task DeployAsync()
    {
        for (var i = 0; i < Options.InitialSilosCount; i++)
            await StartAdditionalSiloAsync();
        if (Options.InitializeClientOnDeploy)
            await InitializeClientAsync();
    }

    /// <summary>Starts the client.</summary>
    public async Task InitializeClientAsync()
    {
        var builder = CreateHost();
        SiloServices.AddShared(builder.Services);
        builder.Services.AddSingleton(services => new Silo(services, _cluster, "client", isClient: true));
        foreach (var configure in Options.ClientHostConfigurationDelegates)
            configure(builder);
        _clientHost = builder.Build();
        _clientHost.Services.GetRequiredService<Silo>().Start();
        await _clientHost.StartAsync();
    }

    /// <summary>Starts one silo more.</summary>
    public Task<InProcessSiloHandle> StartAdditionalSiloAsync() => StartAsync(_started++);

    /// <summary>Ends a silo as if its process died: its calls fail, none of its activations is deactivated.</summary>
    public async Task KillSiloAsync(InProcessSiloHandle instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        _silos.Remove(instance);
        await instance.StopSiloAsync(stopGracefully: false);
    }

    /// <summary>Stops a silo; its activations are deactivated.</summary>
    public async Task StopSiloAsync(InProcessSiloHandle instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        await instance.StopSiloAsync(stopGracefully: true);
        _silos.Remove(instance);
    }

    /// <summary>Stops a silo and starts it again by the same name.</summary>
    public async Task<InProcessSiloHandle?> RestartSiloAsync(InProcessSiloHandle instance)
    {
        await StopSiloAsync(instance);
        return await StartAsync(instance.InstanceNumber);
    }

    /// <summary>Stops all silos, the one started last first.</summary>
    public async Task StopAllSilosAsync()
    {
        for (var i = _silos.Count; --i >= 0;)
            await StopSiloAsync(_silos[i]);
    }

    /// <summary>Deactivates a grain, if it is active, and waits for the end of that.</summary>
    public Task DeactivateAsync(IAddressable grain) => DeactivateAsync(grain.GetGrainId());

    /// <summary>Deactivates a grain, if it is active, and waits for the end of that.</summary>
    public async Task DeactivateAsync(GrainId grainId)
    {
        foreach (var activation in _silos.SelectMany(silo => silo.Silo.AllActivations()).Where(a => a.GrainId == grainId).ToList())
        {
            activation.Deactivate(new(DeactivationReasonCode.ApplicationRequested, "A test asked for it"));
            await activation.Deactivated;
        }
    }

    /// <summary>Stops the silos and the client.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAllSilosAsync();
        if (_clientHost is null)
            return;
        await _clientHost.StopAsync();
        _clientHost.Services.GetRequiredService<Silo>().Die();
        _clientHost.Dispose();
        _clientHost = null;
    }

    private static HostApplicationBuilder CreateHost() => Host.CreateApplicationBuilder(new HostApplicationBuilderSettings
    {
        ApplicationName = "TestCluster",
        DisableDefaults = true,
        EnvironmentName = Environments.Development,
    });

    private async Task<InProcessSiloHandle> StartAsync(short number)
    {
        var options = new InProcessTestSiloSpecificOptions { SiloName = number == 0 ? "Primary" : $"Secondary_{number}" };
        var builder = CreateHost();
        builder.Services.AddSingleton(_cluster);
        builder.UseOrleans(silo =>
        {
            silo.Services.Configure<SiloOptions>(o => o.SiloName = options.SiloName);
            silo.Services.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (Options.ClusterId, Options.ServiceId));
        });
        foreach (var configure in Options.SiloHostConfigurationDelegates)
            configure(options, builder);
        var handle = new InProcessSiloHandle { SiloHost = builder.Build(), InstanceNumber = number, Name = options.SiloName };
        await handle.SiloHost.StartAsync();
        _silos.Add(handle);
        return handle;
    }
}
