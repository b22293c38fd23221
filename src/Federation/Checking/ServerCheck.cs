using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Text.Json;
using OrleansMatrix.Federation.Discovery;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Federation.Checking;

/// <summary>
/// Walks the way that other servers take to a server (S-S API, Server discovery; Retrieving server keys) and says in plain words what they meet.
/// </summary>
public sealed class ServerCheck(ICheckNetwork network, AddressPolicy policy, TimeProvider time)
{
    private const int MaxTargets = 5;
    private const int MaxAddresses = 6;
    private static readonly TimeSpan s_soon = TimeSpan.FromDays(14);

    /// <summary>Checks a server; each finding goes to the report at once.</summary>
    public async Task RunAsync(ServerName name, CheckReport report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(report);
        var reached = false;
        foreach (var address in (await ResolveAsync(name, report, cancellationToken)).Take(MaxTargets))
        {
            foreach (var ip in (await AddressesAsync(address, report, cancellationToken)).Take(MaxAddresses))
                reached |= await CheckAsync(name, address, new IPEndPoint(ip, address.Port), report, cancellationToken);
        }

        if (reached && report.IsGood)
            report.Good($"Other servers can reach {name}");
    }

    private async Task<IReadOnlyList<ServerAddress>> ResolveAsync(ServerName name, CheckReport report, CancellationToken cancellationToken)
    {
        if (ServerAddress.Direct(name, "1", "2") is { } direct)
        {
            report.Good($"{name} says itself where it is: {direct.Host} port {direct.Port}; .well-known and SRV records are not asked");
            return [direct];
        }

        var host = name.Host.ToString();
        if (await WellKnownCheck.RunAsync(network, host, report, cancellationToken) is not { } delegated)
            return await BySrvAsync(host, report, cancellationToken);
        return ServerAddress.Direct(delegated, "3.1", "3.2") is { } there ? [there] : await BySrvAsync(delegated.Host.ToString(), report, cancellationToken);
    }

    private async Task<IReadOnlyList<ServerAddress>> BySrvAsync(string host, CheckReport report, CancellationToken cancellationToken)
    {
        foreach (var (service, isOld) in new[] { ("_matrix-fed._tcp.", false), ("_matrix._tcp.", true) })
        {
            var records = await network.GetSrvAsync(service + host, cancellationToken);
            if (records.Count == 0)
                continue;
            foreach (var record in records.Where(static r => r.Port == 0))
                report.Wrong($"The SRV record {service}{host} points to port 0 of {record.Target}", "Name the port that the server listens on");
            var targets = string.Join(", ", records.Select(r => $"{r.Target} port {r.Port}"));
            if (isOld)
                report.Note($"The SRV records {service}{host} point to {targets}", $"_matrix._tcp is deprecated: name them _matrix-fed._tcp.{host}");
            else
                report.Good($"The SRV records {service}{host} point to {targets}");
            return [.. records.Where(static r => r.Port != 0).OrderBy(r => r.Priority).Select(r => new ServerAddress(r.Target, r.Port, host, host, "4"))];
        }

        report.Good($"{host} has no SRV records: other servers try port {ServerAddress.DefaultPort}");
        return [new ServerAddress(host, ServerAddress.DefaultPort, host, host, "6")];
    }

    private async Task<IReadOnlyList<IPAddress>> AddressesAsync(ServerAddress address, CheckReport report, CancellationToken cancellationToken)
    {
        var all = IPAddress.TryParse(address.Host, out var literal) ? [literal] : await network.GetAddressesAsync(address.Host, cancellationToken);
        if (all.Count == 0)
        {
            report.Wrong($"{address.Host} has no address",
                $"Make an A or AAAA record for {address.Host}, or correct the name in .well-known or the SRV record");
            return [];
        }

        var refused = all.Where(ip => !policy.Allows(ip)).ToList();
        if (refused.Count > 0)
        {
            report.Wrong(
                $"{address.Host} has a private address ({string.Join(", ", refused)}), which servers on the Internet cannot reach",
                "Let the name point to the public address; in a network of your own set Matrix:Outbound:AllowPrivateAddresses to true");
        }

        return [.. all.Except(refused)];
    }

    private async Task<bool> CheckAsync(ServerName name, ServerAddress address, IPEndPoint endPoint, CheckReport report, CancellationToken cancellationToken)
    {
        var tls = await network.ShakeHandsAsync(endPoint, address.CertificateName, cancellationToken);
        if (tls.Fault is not null)
        {
            report.Wrong(
                $"Nothing that speaks TLS answers at {endPoint}: {tls.Fault}",
                $"Let the server or its reverse proxy listen on port {endPoint.Port}, open the port in firewall and router, " +
                $"or name another port in https://{name.Host}/.well-known/matrix/server");
            return false;
        }

        var isTrusted = CheckCertificate(tls, address, endPoint, report);
        var speaks = await CheckVersionAsync(address, endPoint, report, cancellationToken);
        return speaks && await CheckKeysAsync(name, address, endPoint, report, cancellationToken) && isTrusted;
    }

    private bool CheckCertificate(TlsFinding tls, ServerAddress address, IPEndPoint endPoint, CheckReport report)
    {
        var now = time.GetUtcNow();
        var isGood = true;
        if (tls.Errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            isGood = false;
            report.Wrong(
                $"The certificate at {endPoint} is for {(tls.Names.Count == 0 ? "no name" : string.Join(", ", tls.Names))}, " +
                $"but other servers need one for {address.CertificateName}",
                $"Get a certificate for {address.CertificateName}, or delegate to a name that the certificate is for by .well-known");
        }

        if (tls.NotAfter < now)
        {
            isGood = false;
            report.Wrong($"The certificate at {endPoint} expired on {Day(tls.NotAfter)}", "Renew it, and let the server or its reverse proxy load the new one");
        }
        else if (tls.NotBefore > now)
        {
            isGood = false;
            report.Wrong($"The certificate at {endPoint} is not valid before {Day(tls.NotBefore)}", "Check the clocks of both machines, or wait");
        }
        else if (tls.ChainFault is { } fault)
        {
            isGood = false;
            report.Wrong(
                $"The certificate at {endPoint} is not trusted: {fault}",
                "Use a certificate of a public authority, and serve its intermediate certificates too; self-signed ones are refused by other servers");
        }
        else if (tls.NotAfter < now + s_soon)
        {
            report.Note($"The certificate at {endPoint} expires soon, on {Day(tls.NotAfter)}", "See that it is renewed in time");
        }

        if (isGood)
            report.Good($"The certificate at {endPoint} is valid for {address.CertificateName} until {Day(tls.NotAfter)}");
        return isGood;
    }

    private async Task<bool> CheckVersionAsync(ServerAddress address, IPEndPoint endPoint, CheckReport report, CancellationToken cancellationToken)
    {
        const string Path = "/_matrix/federation/v1/version";
        const string Advice = "Let the reverse proxy pass on /_matrix with its path unchanged, and check that it passes it to this server";
        var answer = await network.GetAsync(endPoint, address, Path, cancellationToken);
        if (answer.Status != 200)
        {
            report.Wrong($"{endPoint}{Path} {Said(answer)}", Advice);
            return false;
        }

        if (Parse(answer.Body) is not { } document)
        {
            report.Wrong($"{endPoint}{Path} answers 200, but no JSON: this is no Matrix server", Advice);
            return false;
        }

        using (document)
        {
            var server = document.RootElement.TryGetProperty("server"u8, out var s) && s.ValueKind == JsonValueKind.Object ? s : default;
            report.Good($"A Matrix server answers at {endPoint}: {Text(server, "name") ?? "it does not say which"} {Text(server, "version")}".TrimEnd());
        }

        return true;
    }

    private async Task<bool> CheckKeysAsync(
        ServerName name, ServerAddress address, IPEndPoint endPoint, CheckReport report, CancellationToken cancellationToken)
    {
        const string Path = "/_matrix/key/v2/server";
        var now = time.GetUtcNow();
        var answer = await network.GetAsync(endPoint, address, Path, cancellationToken);
        if (answer.Status != 200)
        {
            report.Wrong($"{endPoint}{Path} {Said(answer)}", "Let the reverse proxy pass on /_matrix/key as well");
            return false;
        }

        using var document = Parse(answer.Body);
        if (document is not null && Text(document.RootElement, "server_name") is { } other && other != name.Value)
        {
            report.Wrong(
                $"The server at {endPoint} says that it is {other}, not {name}",
                $"Set Matrix:ServerName to {name} (before there are users), or let {name} lead to the server of that name");
            return false;
        }

        if (!ServerKeys.Parse(answer.Body.Span, now.ToUnixTimeMilliseconds()).TryGet(out var keys, out var error))
        {
            report.Wrong(
                error.ErrCode == ErrCodes.Forbidden ? $"The keys at {endPoint} are not signed by one of them"
                : $"The keys at {endPoint} are malformed: {error.Message}",
                "The server's signing key and what it publishes do not fit together: restore the right signing key, " +
                "and let no proxy change or cache the answer");
            return false;
        }

        var until = DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(keys.ValidUntilTs, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
        if (until <= now)
        {
            report.Wrong($"The keys at {endPoint} were valid until {Day(until)} only", "Check the server's clock, and let no proxy cache the answer");
            return false;
        }

        var current = keys.Keys.Where(static key => !key.Value.IsOld).Select(static key => key.Key).Order(StringComparer.Ordinal);
        report.Good($"The keys at {endPoint} are signed and valid: {string.Join(", ", current)}");
        return true;
    }

    private static string Said(HttpFinding answer) => answer.Fault is { } fault ? $"does not answer: {fault}" : $"answers {answer.Status}";

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string? Text(JsonElement json, string member) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()
            : null;

    private static JsonDocument? Parse(ReadOnlyMemory<byte> body)
    {
        if (!JsonText.Read(body).TryGet(out var document, out _))
            return null;
        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        document.Dispose();
        return null;
    }
}
