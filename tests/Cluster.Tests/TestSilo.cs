using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
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
internal sealed class TestSilo : IAsyncDisposable
{
    private readonly TemporaryFolder _data = new();
    private bool _isStarted;

    private TestSilo(string database, string[] settings)
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

    public HttpClient Http { get; private set; } = new();

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
        Http.Timeout = TimeSpan.FromMinutes(1);
    }

    /// <summary>The access token of a new user.</summary>
    public async Task<string> RegisterAsync(string name)
    {
        var body = new JsonObject { ["username"] = name, ["password"] = "a long password", ["auth"] = new JsonObject { ["type"] = "m.login.dummy" } };
        using var answer = await SendAsync(HttpMethod.Post, "/_matrix/client/v3/register", null, JsonContent.Create(body));
        return (await ReadAsync(answer))["access_token"]!.GetValue<string>();
    }

    /// <summary>Asks for JSON; whatever is not a success fails the test.</summary>
    public async Task<JsonNode> AskAsync(HttpMethod method, string path, string? token = null, JsonObject? body = null)
    {
        using var answer = await SendAsync(method, path, token, body is null ? null : JsonContent.Create(body));
        return await ReadAsync(answer);
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token = null, HttpContent? content = null) =>
        SendAsync(method, new Uri(path, UriKind.Relative), token, content);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri path, string? token, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>Stores media; their server and id.</summary>
    public async Task<string> UploadAsync(string token, byte[] content, string type = "application/octet-stream")
    {
        using var body = new ByteArrayContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var answer = await SendAsync(HttpMethod.Post, "/_matrix/media/v3/upload", token, body);
        return (await ReadAsync(answer))["content_uri"]!.GetValue<string>()["mxc://".Length..];
    }

    /// <summary>The server's signing key, as it publishes it.</summary>
    public async Task<string> PublishedKeyAsync()
    {
        var keys = (await AskAsync(HttpMethod.Get, "/_matrix/key/v2/server"))["verify_keys"]!.AsObject();
        var (keyId, key) = Assert.Single(keys);
        return $"{keyId} {key!["key"]!.GetValue<string>()}";
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_isStarted)
            await App.StopAsync();
        await App.DisposeAsync();
        _data.Dispose();
    }

    /// <summary>The JSON of a success; anything else fails the test.</summary>
    public static async Task<JsonNode> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.RequestMessage?.RequestUri}: {(int)answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }
}
