using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Silo;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>A silo or gateway of a cluster in this process, with a data directory of its own.</summary>
internal sealed class TestSilo : MatrixHttp, IAsyncDisposable
{
    private readonly TemporaryFolder _data = new();
    private bool _isStarted;

    private TestSilo(string database, string[] settings, Action<IServiceCollection>? configure)
        : base(new HttpClient { Timeout = TimeSpan.FromMinutes(1) })
    {
        string[] args =
        [
            "--urls=http://127.0.0.1:0", $"--Matrix:DataDirectory={_data.Path}", $"--Matrix:Database={database}",
            $"--Matrix:Cluster:SiloPort={SiloProcess.FreePort()}", $"--Matrix:Cluster:GatewayPort={SiloProcess.FreePort()}",
            "--Matrix:Registration:Enabled=true", "--Matrix:RateLimits:Enabled=false",
            .. settings.Select(static setting => "--Matrix:" + setting),
        ];
        App = MatrixServer.Build(args, builder =>
        {
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            builder.Services.Configure<PasswordHasherOptions>(static options => options.IterationCount = 1);
            configure?.Invoke(builder.Services);
        });
    }

    public WebApplication App { get; }

    /// <summary>A silo that is not started.</summary>
    /// <param name="settings">Further settings, <c>Key=value</c>.</param>
    public static TestSilo Create(string database, params string[] settings) => new(database, settings, null);

    public static Task<TestSilo> StartAsync(string database, params string[] settings) => StartAsync(database, null, settings);

    /// <param name="configure">Replaces services.</param>
    public static async Task<TestSilo> StartAsync(string database, Action<IServiceCollection>? configure, params string[] settings)
    {
        var silo = new TestSilo(database, settings, configure);
        await silo.StartAsync();
        return silo;
    }

    /// <summary>The path of a file in its data directory.</summary>
    public string File(string name) => _data.File(name);

    public async Task StartAsync()
    {
        await App.StartAsync(TestContext.Current.CancellationToken);
        _isStarted = true;
        var address = App.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Http.BaseAddress = new Uri(address);
    }

    /// <summary>Ends it in the midst of what it does.</summary>
    public async Task CrashAsync()
    {
        _isStarted = false;
        await App.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_isStarted)
            await App.StopAsync();
        _isStarted = false;
        await App.DisposeAsync();
        _data.Dispose();
    }
}
