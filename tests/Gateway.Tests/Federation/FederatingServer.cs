using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Federation;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>A whole server that others reach over HTTPS on loopback, named by its address.</summary>
public sealed class FederatingServer : MatrixTestServer
{
    private readonly TemporaryFolder _folder = new();
    private readonly int _port = TestCertificate.FreePort();
    private readonly RequestCount _underWay = new();

    public ServerName FederationName => OrleansMatrix.Protocol.Identifiers.ServerName.Parse(Name);

    protected override string Name => $"127.0.0.1:{_port}";

    /// <summary>Further settings, <c>--Matrix:Key=value</c>.</summary>
    public IReadOnlyList<string> MoreSettings { get; init; } = [];

    /// <summary>This server's requests to others that have no answer yet. A clock that goes on meanwhile may end them, however quick the other is.</summary>
    public int UnderWay => _underWay.Count;

    /// <summary>The largest answer of another server as far as it was read, in bytes.</summary>
    public long LargestReadOf(ServerName other) => _underWay.LargestReadOf(other.Value);

    /// <summary>What is waited for before a request goes to another server.</summary>
    public Func<HttpRequestMessage, Task>? BeforeAsking
    {
        get => _underWay.Before;
        set => _underWay.Before = value;
    }

    /// <summary>The server's clock, if not the system's.</summary>
    public TestClock? Clock { get; init; }

    protected override IReadOnlyList<string> Settings => ["--Matrix:Outbound:AllowPrivateAddresses=true", .. MoreSettings];

    protected override IReadOnlyList<string> Listening =>
    [
        "--Kestrel:Endpoints:Client:Url=http://127.0.0.1:0", $"--Kestrel:Endpoints:Federation:Url=https://127.0.0.1:{_port}",
        $"--Kestrel:Endpoints:Federation:Certificate:Path={CreateCertificate()}",
        $"--Kestrel:Endpoints:Federation:Certificate:Password={TestCertificate.Password}",
    ];

    protected override void Configure(WebApplicationBuilder builder)
    {
        if (Clock is not null)
            builder.Services.AddSingleton<TimeProvider>(Clock);
        foreach (var client in new[] { OutboundConnections.Federation, OutboundConnections.Locations })
        {
            builder.Services.AddHttpClient(client).ConfigurePrimaryHttpMessageHandler(static provider =>
            {
                var handler = provider.GetRequiredService<OutboundConnections>().CreateHandler();
                handler.SslOptions.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Subject == TestCertificate.Subject;
                return handler;
            }).AddHttpMessageHandler(() => _underWay.Handler());
        }
    }

    /// <summary>Sends a request in this server's name to another.</summary>
    public async Task<Answer> AskAsync(FederatingServer other, HttpMethod method, string target, string json = "", bool sign = true)
    {
        var client = Services.GetRequiredService<FederationClient>();
        var answer = await client.SendAsync(
            other.FederationName, method, target, System.Text.Encoding.UTF8.GetBytes(json), TimeSpan.FromSeconds(30), sign: sign);
        return new Answer(answer.Status, System.Text.Encoding.UTF8.GetString(answer.Body.Span));
    }

    private sealed class RequestCount
    {
        private int _count;
        private readonly ConcurrentDictionary<string, long> _largestReads = new(StringComparer.Ordinal);

        public Func<HttpRequestMessage, Task>? Before { get; set; }

        public int Count => Volatile.Read(ref _count);

        public long LargestReadOf(string host) => _largestReads.GetValueOrDefault(host);

        public DelegatingHandler Handler() => new Counting(this);

        private void Read(string host, long length) => _largestReads.AddOrUpdate(host, length, (_, largest) => Math.Max(largest, length));

        private sealed class Counting(RequestCount requests) : DelegatingHandler
        {
            protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                Interlocked.Increment(ref requests._count);
                try
                {
                    if (requests.Before is { } before)
                        await before(request).WaitAsync(cancellationToken);
                    var answer = await base.SendAsync(request, cancellationToken);
                    answer.Content = await CountedContent.OfAsync(
                        answer.Content, length => requests.Read(request.Headers.Host ?? "", length), cancellationToken);
                    return answer;
                }
                finally
                {
                    Interlocked.Decrement(ref requests._count);
                }
            }
        }
    }

    private string CreateCertificate()
    {
        var path = Path.Combine(_folder.Path, "server.pfx");
        File.WriteAllBytes(path, TestCertificate.Export());
        return path;
    }
}

/// <summary>Two servers that know nothing of each other but their names.</summary>
public sealed class TwoServers : IAsyncLifetime
{
    /// <summary>A policy server too.</summary>
    public FederatingServer One { get; } = new() { MoreSettings = ["--Matrix:PolicyServer:Enabled=true"] };

    public FederatingServer Two { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await One.InitializeAsync();
        await Two.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await One.DisposeAsync();
        await Two.DisposeAsync();
    }
}
