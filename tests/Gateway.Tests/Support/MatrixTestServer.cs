using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Silo;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Support;

/// <summary>
/// The whole server in this process, on a free loopback port with a database of its own; passwords are hashed quickly. As a class fixture: one for a test class.
/// </summary>
public class MatrixTestServer : IAsyncLifetime
{
    private readonly TemporaryFolder _data = new();
    private readonly HttpClient _http =
        new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(1) }) { Timeout = TimeSpan.FromSeconds(60) };
    private FaultLog _faults = new();
    private WebApplication? _app;
    private int _users;

    public const string ServerName = "one.test";

    /// <summary>Further settings, <c>--Matrix:Key=value</c>.</summary>
    protected virtual IReadOnlyList<string> Settings => [];

    /// <summary>The server's name.</summary>
    protected virtual string Name => ServerName;

    /// <summary>Where it listens: settings that include one address for HTTP.</summary>
    protected virtual IReadOnlyList<string> Listening => ["--urls=http://127.0.0.1:0"];

    public IServiceProvider Services => _app!.Services;

    public Uri Url { get; private set; } = null!;

    /// <summary>The faults that the server has logged; there should be none.</summary>
    public string Faults => _faults.ToString();

    public async ValueTask InitializeAsync() => await StartAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _http.Dispose();
        _data.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Stops the server and starts it again on the same data; its address changes.</summary>
    public Task RestartAsync() => RestartAsync(static _ => { });

    /// <summary>The same, and does something to the database meanwhile, whose file it is told.</summary>
    public async Task RestartAsync(Action<string> meanwhile)
    {
        ArgumentNullException.ThrowIfNull(meanwhile);
        await StopAsync();
        meanwhile(_data.File("matrix.db"));
        await StartAsync();
    }

    /// <summary>Ends the server in the midst of what it does, and starts another one on the same data.</summary>
    public async Task CrashAsync()
    {
        // Without StopAsync nothing is told to come to an end first.
        await _app!.DisposeAsync();
        _faults = new FaultLog();
        await StartAsync();
    }

    /// <summary>Registers a user of a name that no other test uses, and logs it in.</summary>
    public async Task<TestClient> RegisterAsync(string name = "user")
    {
        var localpart = string.Create(CultureInfo.InvariantCulture, $"{name}{Interlocked.Increment(ref _users)}");
        var answer = await Anonymous().PostAsync(
            "v3/register", $$$"""{"username":"{{{localpart}}}","password":"{{{TestClient.Password}}}","auth":{"type":"m.login.dummy"}}""");
        return new TestClient(this, _http, answer.Ok("user_id"), answer.Ok("device_id"), answer.Ok("access_token"));
    }

    /// <summary>Logs a user in on another device.</summary>
    public async Task<TestClient> LogInAsync(TestClient user)
    {
        var answer = await Anonymous().PostAsync(
            "v3/login", $$$"""{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{{user.UserId}}}"},"password":"{{{TestClient.Password}}}"}""");
        return new TestClient(this, _http, answer.Ok("user_id"), answer.Ok("device_id"), answer.Ok("access_token"));
    }

    /// <summary>A client without an access token.</summary>
    public TestClient Anonymous() => new(this, _http, "", "", null);

    /// <summary>Replaces services.</summary>
    protected virtual void Configure(WebApplicationBuilder builder)
    {
    }

    private async Task StartAsync()
    {
        string[] args =
        [
            .. Listening, $"--Matrix:DataDirectory={_data.Path}", $"--Matrix:ServerName={Name}", "--Matrix:Registration:Enabled=true",
            "--Matrix:RateLimits:Enabled=false", .. Settings,
        ];
        _app = MatrixServer.Build(args, builder =>
        {
            builder.Logging.ClearProviders().AddProvider(_faults);
            builder.Services.Configure<PasswordHasherOptions>(static options => options.IterationCount = 1);
            Configure(builder);
        });
        await _app.StartAsync();
        Url = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(
            a => a.StartsWith("http:", StringComparison.Ordinal)));
    }

    private async Task StopAsync()
    {
        if (_app is null)
            return;
        await _app.StopAsync();
        await _app.DisposeAsync();
        _app = null;
    }
}
