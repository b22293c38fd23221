using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Silo;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests;

/// <summary>The real server in this process on a free loopback port, with SQLite in a folder of its own. Passwords are hashed quickly.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;

    private TestServer(WebApplication app, TemporaryFolder folder)
    {
        App = app;
        _folder = folder;
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(address), Timeout = TimeSpan.FromSeconds(60) };
    }

    public WebApplication App { get; }

    public HttpClient Http { get; }

    public string DataDirectory => _folder.Path;

    /// <summary>
    /// Starts a server where anybody may register and nothing is rate-limited, unless the settings (<c>Registration:Enabled=false</c>) say otherwise.
    /// </summary>
    public static Task<TestServer> StartAsync(params string[] settings) => StartAsync(null, settings);

    public static async Task<TestServer> StartAsync(TimeProvider? time, params string[] settings)
    {
        var folder = new TemporaryFolder();
        string[] args =
        [
            "--urls=http://127.0.0.1:0", $"--Matrix:DataDirectory={folder.Path}", "--Matrix:Registration:Enabled=true", "--Matrix:RateLimits:Enabled=false",
            .. settings.Select(static setting => "--Matrix:" + setting),
        ];
        var app = MatrixServer.Build(args, builder =>
        {
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            builder.Services.Configure<PasswordHasherOptions>(static options => options.IterationCount = 1);
            if (time is not null)
                builder.Services.AddSingleton(time);
        });
        await app.StartAsync();
        return new TestServer(app, folder);
    }

    /// <summary>Sends a request with a JSON body, given as text so that it may be wrong.</summary>
    public Task<HttpAnswer> SendAsync(string method, string path, string? json = null, string? token = null) =>
        SendAsync(method, path, json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"), token);

    public async Task<HttpAnswer> SendAsync(string method, string path, HttpContent? content, string? token = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method),
            new Uri(Http.BaseAddress + path.TrimStart('/'), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Content = content;
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await Http.SendAsync(request);
        return await HttpAnswer.ReadAsync(response);
    }

    public Task<HttpAnswer> GetAsync(string path, string? token = null) => SendAsync("GET", path, (string?)null, token);

    public Task<HttpAnswer> PostAsync(string path, string json, string? token = null) => SendAsync("POST", path, json, token);

    public Task<HttpAnswer> PutAsync(string path, string json, string? token = null) => SendAsync("PUT", path, json, token);

    public Task<HttpAnswer> DeleteAsync(string path, string? json = null, string? token = null) => SendAsync("DELETE", path, json, token);

    /// <summary>Registers a user with the password "secret".</summary>
    public async Task<TestUser> RegisterAsync(string name)
    {
        var answer = await PostAsync("/_matrix/client/v3/register", $$$"""{"username":"{{{name}}}","password":"secret","auth":{"type":"m.login.dummy"}}""");
        Assert.Equal(200, answer.Status);
        return new TestUser(answer.Text("user_id"), answer.Text("access_token"), answer.Text("device_id"));
    }

    /// <summary>Logs a user in with the password "secret".</summary>
    public async Task<TestUser> LogInAsync(string name, string password = "secret", string more = "")
    {
        var answer = await PostAsync("/_matrix/client/v3/login", Bodies.Login(name, password, more));
        Assert.Equal(200, answer.Status);
        return new TestUser(answer.Text("user_id"), answer.Text("access_token"), answer.Text("device_id"));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
        _folder.Dispose();
    }
}
