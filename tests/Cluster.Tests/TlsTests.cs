using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Connections.Security;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Silo;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>The processes of a cluster know each other by certificates of one authority (ADR 0093).</summary>
public sealed class TlsTests(PostgresCluster postgres) : IDisposable
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 120_000)]
    public async Task Silos_and_gateways_talk_by_tls()
    {
        using var authority = new ClusterAuthority(_folder.Path, "own");
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await TestSilo.StartAsync(database, authority.Settings("one"));
        await using var two = await TestSilo.StartAsync(database, authority.Settings("two", null, false, ServerUse, ClientUse));
        await using var gateway = await TestSilo.StartAsync(database, [.. authority.Settings("gateway"), "Cluster:Role=gateway"]);
        var token = await gateway.RegisterAsync("alice");
        foreach (var silo in new[] { one, two, gateway })
        {
            var room = (await silo.AskAsync(HttpMethod.Post, "/_matrix/client/v3/createRoom", token, []))["room_id"]!.GetValue<string>();
            foreach (var other in new[] { one, two, gateway })
            {
                var path = $"/_matrix/client/v3/rooms/{room}/send/m.room.message/{Guid.NewGuid()}";
                await other.AskAsync(HttpMethod.Put, path, token, new JsonObject { ["msgtype"] = "m.text", ["body"] = "hi" });
            }
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Who_has_no_certificate_of_the_authority_is_refused()
    {
        using var authority = new ClusterAuthority(_folder.Path, "own");
        using var foreign = new ClusterAuthority(_folder.Path, "foreign");
        await using var silo = await TestSilo.StartAsync(await postgres.CreateDatabaseAsync(), authority.Settings("one"));
        var address = silo.App.Services.GetRequiredService<ILocalSiloDetails>();
        using var own = authority.Load("peer");
        using var other = foreign.Load("peer");
        var (siloPort, gatewayPort) = (address.SiloAddress.Endpoint, address.GatewayAddress!.Endpoint);
        Assert.True(await IsTakenAsync(siloPort, own));
        foreach (var port in new[] { siloPort, gatewayPort })
        {
            Assert.False(await IsTakenAsync(port, other));
            Assert.False(await IsTakenAsync(port, null));
        }

        async Task<bool> IsTakenAsync(IPEndPoint port, X509Certificate2? certificate)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(port.Address, port.Port, TestContext.Current.CancellationToken);
            await using var tls = new SslStream(client.GetStream(), false, (_, certificate, _, _) => certificate?.Issuer == own.Issuer);
            try
            {
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions { TargetHost = "silo", ClientCertificates = certificate is null ? [] : [certificate] },
                    TestContext.Current.CancellationToken);

                // With TLS 1.3 the client learns of a refusal when it reads. At the port for silos Orleans is the first to speak.
                return await tls.ReadAsync(new byte[1], TestContext.Current.CancellationToken) == 1;
            }
            catch (Exception fault) when (fault is AuthenticationException or IOException)
            {
                return false;
            }
        }
    }

    [Fact]
    public void A_process_that_connects_looks_at_the_certificate_too()
    {
        using var authority = new ClusterAuthority(_folder.Path, "own");
        using var foreign = new ClusterAuthority(_folder.Path, "foreign");
        var options = new TlsOptions();
        Read(authority.Settings("one")).Apply(options);
        using var own = authority.Load("peer");
        using var other = foreign.Load("peer");
        Assert.True(options.RemoteCertificateValidation!(own, null, SslPolicyErrors.RemoteCertificateNameMismatch));
        Assert.False(options.RemoteCertificateValidation(other, null, SslPolicyErrors.None));
        Assert.Equal(
            (RemoteCertificateMode.RequireCertificate, RemoteCertificateMode.RequireCertificate),
            (options.RemoteCertificateMode, options.ClientCertificateMode));
    }

    [Fact]
    public void A_certificate_that_the_others_would_refuse_stops_the_start()
    {
        using var authority = new ClusterAuthority(_folder.Path, "own");
        using var foreign = new ClusterAuthority(_folder.Path, "foreign");
        const string Key = "Matrix:Cluster:Tls:Certificate";
        Assert.Equal(Key, Assert.Throws<SettingsException>(() => Read(authority.Settings("a", foreign))).Key);
        Assert.Equal(Key, Assert.Throws<SettingsException>(() => Read(authority.Settings("b", expired: true))).Key);
        Assert.Equal(Key, Assert.Throws<SettingsException>(() => Read(authority.Settings("c", null, false, ServerUse))).Key);
        var settings = authority.Settings("d");
        File.WriteAllText(settings[0].Split('=')[1], "nonsense");
        Assert.Equal(Key, Assert.Throws<SettingsException>(() => Read(settings)).Key);
    }

    private static ClusterTls Read(string[] settings)
    {
        var paths = settings.Select(static setting => setting.Split('=')[1]).ToList();
        return ClusterTls.Read(new ClusterTlsSettings(paths[0], paths[1], paths[2]), "localhost");
    }
}
