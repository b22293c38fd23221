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

    private TestSilo(string database, string[] settings)
        : base(new HttpClient { Timeout = TimeSpan.FromMinutes(1) })
    {
        string[] args =
        [
            "--urls=http://127.0.0.1:0", $"--Matrix:DataDirectory={_data.Path}", $"--Matrix:Database={database}",
            $"--Matrix:Cluster:SiloPort={SiloProcess.FreePort()}", $"--Matrix:Cluster:GatewayPort={SiloProcess.FreePort()}",
            "--Matrix:Registration:Enabled=true", "--Matrix:RateLimits:Enabled=false",
            .. settings.Select(static setting => "--Matrix:" + setting),
        ];
        App = MatrixServer.Build(args, static builder =>
        {
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            builder.Services.Configure<PasswordHasherOptions>(static options => options.IterationCount = 1);
        });
    }

    public WebApplication App { get; }

    /// <summary>A silo that is not started.</summary>
    /// <param name="settings">Further settings, <c>Key=value</c>.</param>
    public static TestSilo Create(string database, params string[] settings) => new(database, settings);

    public static async Task<TestSilo> StartAsync(string database, params string[] settings)
    {
        var silo = Create(database, settings);
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

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_isStarted)
            await App.StopAsync();
        await App.DisposeAsync();
        _data.Dispose();
    }
}
