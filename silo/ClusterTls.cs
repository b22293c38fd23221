using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;
using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Silo;

/// <summary>
/// Mutual TLS between silos, and between gateways and silos (ADR 0093). A peer is believed if its certificate is of the cluster's authority, whatever name is in
/// it: processes come and go with their addresses, and only the cluster's have such certificates.
/// </summary>
internal sealed class ClusterTls
{
    private const string Section = "Matrix:Cluster:Tls";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _own;
    private readonly X509Certificate2Collection _authority;
    private readonly string _name;

    private ClusterTls(X509Certificate2 own, X509Certificate2Collection authority, string name) => (_own, _authority, _name) = (own, authority, name);

    /// <summary>Reads the files.</summary>
    /// <param name="settings">Their paths.</param>
    /// <param name="name">What a process that connects calls the other one.</param>
    /// <exception cref="SettingsException">A file cannot be read, or its certificate would be refused by the others.</exception>
    public static ClusterTls Read(ClusterTlsSettings settings, string name)
    {
        var authority = Load("Authority", $"'{settings.Authority}'", () =>
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(settings.Authority);
            return certificates;
        });
        if (authority.Count == 0)
            throw new SettingsException($"{Section}:Authority", $"'{settings.Authority}' has no certificate");
        var own = Load(
            "Certificate", $"'{settings.Certificate}' with the key '{settings.Key}'",
            () => X509Certificate2.CreateFromPemFile(settings.Certificate, settings.Key));
        var tls = new ClusterTls(own, authority, name);
        if (!tls.IsOfAuthority(own))
            throw new SettingsException($"{Section}:Certificate", "is not of the authority of Matrix:Cluster:Tls:Authority, or is not valid now");
        if (!MayBe(own, ServerAuthentication) || !MayBe(own, ClientAuthentication))
            throw new SettingsException($"{Section}:Certificate", "has to be for servers and for clients (extended key usage)");
        return tls;
    }

    /// <summary>Sets Orleans' options.</summary>
    public void Apply(TlsOptions options)
    {
        options.LocalCertificate = _own;
        options.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.RemoteCertificateValidation = (certificate, _, _) => IsOfAuthority(certificate);
        options.OnAuthenticateAsClient = (_, client) => client.TargetHost = _name;
    }

    private static T Load<T>(string key, string what, Func<T> load)
    {
        try
        {
            return load();
        }
        catch (Exception fault) when (fault is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SettingsException($"{Section}:{key}", $"{what} cannot be read as PEM: {fault.Message}");
        }
    }

    // The platform's own authorities do not count.
    private bool IsOfAuthority(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authority);
        chain.ChainPolicy.ExtraStore.AddRange(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }

    private static bool MayBe(X509Certificate2 certificate, string usage) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().All(extension => extension.EnhancedKeyUsages[usage] is not null);
}
