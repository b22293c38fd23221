using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Federation.Discovery;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Federation.Network.Tests.Support;

/// <summary>A whole server that reaches others through the test's network only.</summary>
public sealed class NetworkServer : MatrixTestServer
{
    private readonly TestNetwork _network;
    private readonly HttpMessageInvoker _incoming = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false });

    public NetworkServer(TestNetwork network, string name)
    {
        (_network, NameText) = (network, name);
        network.Add(this);
    }

    public string NameText { get; }

    public IStorage Storage => Services.GetRequiredService<IStorage>();

    protected override string Name => NameText;

    /// <summary>Asks another server in this server's name.</summary>
    public async Task<Answer> AskAsync(NetworkServer other, HttpMethod method, string target, string json = "", bool sign = true)
    {
        var client = Services.GetRequiredService<FederationClient>();
        var answer = await client.SendAsync(
            Protocol.Identifiers.ServerName.Parse(other.NameText), method, target, System.Text.Encoding.UTF8.GetBytes(json), TimeSpan.FromSeconds(30),
            sign: sign);
        return new Answer(answer.Status, System.Text.Encoding.UTF8.GetString(answer.Body.Span));
    }

    protected override void Configure(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TimeProvider>(_network.Clock);
        builder.Services.Configure<PasswordHasherOptions>(static options => options.IterationCount = 1);
        builder.Services.AddSingleton<IWellKnownClient, NoWellKnown>().AddSingleton<ISrvLookup, NoSrv>();
        builder.Services.AddHttpClient(OutboundConnections.Federation).ConfigurePrimaryHttpMessageHandler(() => new Handler(this));
    }

    /// <summary>Hands a request to this server and reads the answer to its end.</summary>
    internal async Task<HttpResponseMessage> DeliverAsync(HttpRequestMessage original, byte[]? body, CancellationToken cancellationToken)
    {
        var target = new Uri(Url.GetLeftPart(UriPartial.Authority) + original.RequestUri!.PathAndQuery,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(original.Method, target);
        foreach (var (name, values) in original.Headers)
            request.Headers.TryAddWithoutValidation(name, values);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        var response = await _incoming.SendAsync(request, cancellationToken);
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        return response;
    }

    private sealed class Handler(NetworkServer from) : HttpMessageHandler
    {
        // Off the grain that asks, whose turns end when its server does.
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.Run(() => from._network.SendAsync(from.NameText, request, cancellationToken), CancellationToken.None);
    }

    private sealed class NoWellKnown : IWellKnownClient
    {
        public Task<WellKnownAnswer> FetchAsync(string host, CancellationToken cancellationToken) => Task.FromResult(new WellKnownAnswer(null, null));
    }

    private sealed class NoSrv : ISrvLookup
    {
        public Task<IReadOnlyList<SrvRecord>> LookupAsync(string name, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<SrvRecord>>([]);
    }
}
