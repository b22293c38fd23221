using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansMatrix.Federation.Checking;
using OrleansMatrix.Federation.Discovery;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Federation.Tests;

/// <summary>What <c>federation check</c> says of each typical misconfiguration.</summary>
public sealed class ServerCheckTests : ICheckNetwork
{
    private const string Name = "example.org";
    private static readonly SigningKey s_key = SigningKey.FromSeed("a", new byte[32]);
    private readonly TestClock _clock = new();
    private HttpFinding _wellKnown = Answer(404, "");
    private HttpFinding _version = Answer(200, """{"server":{"name":"Good","version":"1.2"}}""");
    private HttpFinding? _keys;
    private TlsFinding? _tls;
    private IPAddress[] _addresses = [IPAddress.Parse("93.184.216.34")];
    private readonly Dictionary<string, SrvRecord[]> _srv = [];

    private DateTimeOffset Now => _clock.GetUtcNow();

    [Fact]
    public async Task A_server_in_order_is_told_so()
    {
        var report = await CheckAsync();
        Assert.True(report.IsGood);
        Assert.Equal("Other servers can reach example.org", report.Lines[^1].Text);
        Assert.Contains(report.Lines, l => l.Text.Contains("Good 1.2", StringComparison.Ordinal));
        Assert.Contains(report.Lines, l => l.Text.EndsWith("ed25519:a", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(200, "<html>", "answers 200, but no JSON (text/html)")]
    [InlineData(200, """{"m.homeserver":{}}""", "has no \"m.server\"")]
    [InlineData(200, """{"m.server":"https://matrix.example.org/"}""", "delegates to \"https://matrix.example.org/\", which is no server name")]
    [InlineData(500, "", "answers 500, which other servers take for no answer")]
    public async Task A_wrong_well_known_is_named(int status, string body, string expected)
    {
        _wellKnown = Answer(status, body, "text/html");
        var line = Wrong(await CheckAsync());
        Assert.Contains(expected, line.Text, StringComparison.Ordinal);
        Assert.StartsWith("https://example.org/.well-known/matrix/server", line.Text, StringComparison.Ordinal);
        Assert.NotNull(line.Advice);
    }

    [Fact]
    public async Task A_well_known_of_a_wrong_content_type_works_and_is_noted()
    {
        _wellKnown = Answer(200, """{"m.server":"hs.example.org:443"}""", "text/plain");
        var report = await CheckAsync();
        Assert.True(report.IsGood);
        Assert.Contains("is sent as text/plain", Assert.Single(report.Lines, l => l.Level == CheckLevel.Note).Text, StringComparison.Ordinal);
        Assert.Contains(report.Lines, l => l.Text.EndsWith("delegates to hs.example.org:443", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_well_known_that_can_be_had_the_check_goes_on()
    {
        _wellKnown = new HttpFinding(0, null, default, "Connection refused");
        _srv["_matrix._tcp.example.org"] = [new SrvRecord(1, 1, 1234, "hs.example.org")];
        var report = await CheckAsync();
        Assert.True(report.IsGood);
        Assert.Equal(2, report.Lines.Count(l => l.Level == CheckLevel.Note));
        Assert.Contains(report.Lines, l => l.Text.Contains("hs.example.org port 1234", StringComparison.Ordinal) &&
            l.Advice!.Contains("_matrix-fed._tcp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_record_that_names_port_0_is_named()
    {
        _srv["_matrix-fed._tcp.example.org"] = [new SrvRecord(1, 1, 0, "hs.example.org")];
        var line = Wrong(await CheckAsync());
        Assert.Equal("The SRV record _matrix-fed._tcp.example.org points to port 0 of hs.example.org", line.Text);
    }

    [Fact]
    public async Task A_closed_port_is_named()
    {
        _tls = TlsFinding.Failed("Connection refused");
        var line = Wrong(await CheckAsync());
        Assert.Equal("Nothing that speaks TLS answers at 93.184.216.34:8448: Connection refused", line.Text);
        Assert.Contains("open the port", line.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Addresses_that_are_missing_or_private_are_named()
    {
        _addresses = [];
        Assert.Equal("example.org has no address", Wrong(await CheckAsync()).Text);
        _addresses = [IPAddress.Parse("192.168.1.5")];
        var line = Wrong(await CheckAsync());
        Assert.Contains("private address (192.168.1.5)", line.Text, StringComparison.Ordinal);
        Assert.Contains("Matrix:Outbound:AllowPrivateAddresses", line.Advice, StringComparison.Ordinal);
        Assert.Contains("private address", Wrong(await CheckAsync("10.0.0.1:8448")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificates_for_others_expired_and_untrusted_ones_are_named()
    {
        _tls = Tls() with { Errors = SslPolicyErrors.RemoteCertificateNameMismatch, Names = ["www.example.com"] };
        Assert.Equal("The certificate at 93.184.216.34:8448 is for www.example.com, but other servers need one for example.org",
            Wrong(await CheckAsync()).Text);
        _tls = Tls() with { NotAfter = Now.AddDays(-1) };
        Assert.Contains("expired on 2029-12-31", Wrong(await CheckAsync()).Text, StringComparison.Ordinal);
        _tls = Tls() with { NotBefore = Now.AddDays(1) };
        Assert.Contains("not valid before 2030-01-02", Wrong(await CheckAsync()).Text, StringComparison.Ordinal);
        _tls = Tls() with { Errors = SslPolicyErrors.RemoteCertificateChainErrors, ChainFault = "self-signed certificate" };
        Assert.Contains("is not trusted: self-signed certificate", Wrong(await CheckAsync()).Text, StringComparison.Ordinal);
        _tls = Tls() with { NotAfter = Now.AddDays(3) };
        var report = await CheckAsync();
        Assert.True(report.IsGood);
        Assert.Contains("expires soon", Assert.Single(report.Lines, l => l.Level == CheckLevel.Note).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, "", "answers 404")]
    [InlineData(200, "<html>", "no JSON: this is no Matrix server")]
    public async Task What_is_no_Matrix_server_is_named(int status, string body, string expected)
    {
        _version = Answer(status, body);
        var line = Wrong(await CheckAsync());
        Assert.Contains(expected, line.Text, StringComparison.Ordinal);
        Assert.Contains("reverse proxy", line.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_another_name_wrongly_signed_outdated_and_malformed_ones_are_named()
    {
        _keys = Keys("other.example");
        Assert.Equal("The server at 93.184.216.34:8448 says that it is other.example, not example.org", Wrong(await CheckAsync()).Text);
        _keys = Answer(200, Encoding.UTF8.GetString(Keys(Name).Body.Span).Replace("\"valid_until_ts\":1", "\"valid_until_ts\":2", StringComparison.Ordinal));
        Assert.Contains("are not signed by one of them", Wrong(await CheckAsync()).Text, StringComparison.Ordinal);
        _keys = Keys(Name, -1);
        Assert.Contains("were valid until 2029-12-31", Wrong(await CheckAsync()).Text, StringComparison.Ordinal);
        _keys = Answer(200, "{}");
        Assert.Contains("are malformed", Wrong(await CheckAsync()).Text, StringComparison.Ordinal);
        _keys = Answer(502, "");
        Assert.Contains("/_matrix/key/v2/server answers 502", Wrong(await CheckAsync()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_real_handshake_tells_of_the_certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=hs.test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("hs.test");
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(30), DateTimeOffset.UnixEpoch.AddYears(31));
        using var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var endPoint = (IPEndPoint)listener.LocalEndpoint;
        var serving = ServeAsync(listener, certificate);
        var network = new CheckNetwork(null!, null!, TimeProvider.System);

        var finding = await network.ShakeHandsAsync(endPoint, "other.test", CancellationToken.None);

        await serving;
        Assert.Null(finding.Fault);
        Assert.Equal(["hs.test"], finding.Names);
        Assert.Equal(2001, finding.NotAfter.UtcDateTime.Year);
        Assert.True(finding.Errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch));
        Assert.NotNull(finding.ChainFault);
        listener.Stop();
        Assert.NotNull((await network.ShakeHandsAsync(endPoint, "hs.test", CancellationToken.None)).Fault);
    }

    public Task<HttpFinding> GetWellKnownAsync(string host, CancellationToken cancellationToken) => Task.FromResult(_wellKnown);

    public Task<IReadOnlyList<SrvRecord>> GetSrvAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SrvRecord>>(_srv.GetValueOrDefault(name) ?? []);

    public Task<IReadOnlyList<IPAddress>> GetAddressesAsync(string host, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<IPAddress>>(_addresses);

    public Task<TlsFinding> ShakeHandsAsync(IPEndPoint endPoint, string certificateName, CancellationToken cancellationToken) => Task.FromResult(_tls ?? Tls());

    public Task<HttpFinding> GetAsync(IPEndPoint endPoint, ServerAddress address, string path, CancellationToken cancellationToken) =>
        Task.FromResult(path.EndsWith("version", StringComparison.Ordinal) ? _version : _keys ?? Keys(Name));

    private static async Task ServeAsync(TcpListener listener, X509Certificate2 certificate)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsServerAsync(certificate);
        try
        {
            await tls.ReadExactlyAsync(new byte[1]);
        }
        catch (IOException)
        {
            // The other side has seen what it wanted.
        }
    }

    private static HttpFinding Answer(int status, string body, string contentType = "application/json") =>
        new(status, contentType, Encoding.UTF8.GetBytes(body));

    private static CheckLine Wrong(CheckReport report) => report.Lines.Single(l => l.Level == CheckLevel.Wrong);

    private TlsFinding Tls() => new(null, [Name], Now.AddDays(-30), Now.AddDays(60), SslPolicyErrors.None, null);

    private HttpFinding Keys(string server, int days = 1) =>
        new(200, "application/json", ServerKeys.Build(ServerName.Parse(server), [s_key], [], Now.AddDays(days).ToUnixTimeMilliseconds()));

    private async Task<CheckReport> CheckAsync(string name = Name)
    {
        var report = new CheckReport();
        await new ServerCheck(this, new AddressPolicy(allowPrivate: false), _clock).RunAsync(ServerName.Parse(name), report, CancellationToken.None);
        return report;
    }
}
