using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Federation.Discovery;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Federation.Tests;

/// <summary>
/// What another server sees of a request, however its name leads to it (S-S API, Resolving server names): the Host header, the name asked for in the TLS
/// handshake, and the name that its certificate has to be for.
/// </summary>
public sealed class ConnectionTests : IAsyncLifetime
{
    private const string Name = "matrix.test";
    private const string Delegated = "hs.test";

    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority;
    private readonly ConcurrentQueue<(string? ServerName, string Host, string Protocol)> _seen = new();
    private WebApplication _app = null!;
    private int _port;
    private string? _handshake;

    public ConnectionTests() => _authority = new TestAuthority(_folder.Path, Name, Delegated, "::1");

    public async ValueTask InitializeAsync()
    {
        var certificate = X509CertificateLoader.LoadPkcs12FromFile(_authority.CertificatePath, TestAuthority.Password);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        _port = SiloProcess.FreePort();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(_port, listen => listen.UseHttps(https => https.ServerCertificateSelector = (_, name) =>
        {
            _handshake = name;
            return certificate;
        })));
        _app = builder.Build();
        _app.Run(context =>
        {
            _seen.Enqueue((_handshake, context.Request.Host.Value!, context.Request.Protocol));
            return context.Response.WriteAsync("{}");
        });
        await _app.StartAsync();
    }

    [Fact]
    public async Task An_address_and_a_port_in_the_name()
    {
        await AskAsync($"127.0.0.1:{_port}");
        Assert.Equal(("", $"127.0.0.1:{_port}"), Seen());
        await AskAsync($"localhost:{_port}");
        Assert.Equal(("localhost", $"localhost:{_port}"), Seen());
        if (!Socket.OSSupportsIPv6)
            return;
        await AskAsync($"[::1]:{_port}");
        Assert.Equal(("", $"[::1]:{_port}"), Seen());
    }

    [Fact]
    public async Task Delegation_to_a_host_of_another_name_and_port()
    {
        await AskAsync(Name, delegated: $"localhost:{_port}");
        Assert.Equal(("localhost", $"localhost:{_port}"), Seen());
    }

    [Fact]
    public async Task Records_for_the_name_itself()
    {
        await AskAsync(Name, records: "_matrix-fed._tcp." + Name);
        Assert.Equal((Name, Name), Seen());
        await AskAsync(Name, records: "_matrix._tcp." + Name);
        Assert.Equal((Name, Name), Seen());
    }

    [Fact]
    public async Task Records_for_a_host_that_is_delegated_to()
    {
        await AskAsync(Name, delegated: Delegated, records: "_matrix-fed._tcp." + Delegated);
        Assert.Equal((Delegated, Delegated), Seen());
    }

    [Fact]
    public async Task A_certificate_for_the_host_behind_a_record_is_none_for_the_name()
    {
        var fault = await Assert.ThrowsAsync<ServerUnreachableException>(() => AskAsync("other.test", records: "_matrix-fed._tcp.other.test"));
        Assert.Contains("certificate is not valid", fault.Message, StringComparison.Ordinal);
        Assert.Empty(_seen);
    }

    [Fact]
    public async Task A_certificate_for_the_name_is_none_for_a_host_that_is_delegated_to()
    {
        var fault = await Assert.ThrowsAsync<ServerUnreachableException>(
            () => AskAsync(Name, delegated: "elsewhere.test", records: "_matrix-fed._tcp.elsewhere.test"));
        Assert.Contains("certificate is not valid", fault.Message, StringComparison.Ordinal);
        Assert.Empty(_seen);
    }

    private (string? ServerName, string Host) Seen()
    {
        Assert.True(_seen.TryDequeue(out var seen));
        Assert.Equal("HTTP/2", seen.Protocol);
        return (seen.ServerName, seen.Host);
    }

    private async Task AskAsync(string name, string? delegated = null, string? records = null)
    {
        var connections = new OutboundConnections(new AddressPolicy(allowPrivate: true));
        await using var services = new ServiceCollection()
            .AddHttpClient(OutboundConnections.Federation).ConfigurePrimaryHttpMessageHandler(() => Trusting(connections.CreateHandler())).Services
            .BuildServiceProvider();
        var resolver = new ServerResolver(
            new Delegation(delegated), new Records(records, new SrvRecord(0, 0, _port, "localhost")), new SystemRandom(), TimeProvider.System);
        var self = new LocalServer(ServerName.Parse("self.test"), SigningKey.Generate(new SeededRandom()));
        var client = new FederationClient(self, resolver, services.GetRequiredService<IHttpClientFactory>(), AllowedServers.Open, TimeProvider.System);
        var answer = await client.SendAsync(ServerName.Parse(name), HttpMethod.Get, "/_matrix/federation/v1/version", default, TimeSpan.FromSeconds(30));
        Assert.Equal(200, answer.Status);
    }

    private SocketsHttpHandler Trusting(SocketsHttpHandler handler)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(_authority.RootPath));
        handler.SslOptions.CertificateChainPolicy = policy;
        return handler;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private sealed class Delegation(string? to) : IWellKnownClient
    {
        public Task<WellKnownAnswer> FetchAsync(string host, CancellationToken cancellationToken) =>
            Task.FromResult(new WellKnownAnswer(to is null ? null : ServerName.Parse(to), null));
    }

    private sealed class Records(string? of, SrvRecord record) : ISrvLookup
    {
        public Task<IReadOnlyList<SrvRecord>> LookupAsync(string name, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<SrvRecord>>(name == of ? [record] : []);
    }
}
