using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>A certificate authority of a cluster, in PEM files of a folder.</summary>
internal sealed class ClusterAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly string _folder;
    private readonly string _name;

    public ClusterAuthority(string folder, string name)
    {
        (_folder, _name) = (folder, name);
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        _root = request.CreateSelfSigned(now.AddDays(-2), now.AddDays(2));
        File.WriteAllText(PathOf("root"), _root.ExportCertificatePem());
    }

    /// <summary>The settings of a process with a certificate of this authority, which believes those of another one.</summary>
    /// <param name="expired">The certificate is not valid any more.</param>
    /// <param name="usages">What it is for; none: everything.</param>
    public string[] Settings(string name, ClusterAuthority? believed = null, bool expired = false, params string[] usages)
    {
        Issue(name, expired, usages);
        return
        [
            $"Cluster:Tls:Certificate={PathOf(name)}", $"Cluster:Tls:Key={PathOf(name + "-key")}",
            $"Cluster:Tls:Authority={(believed ?? this).PathOf("root")}",
        ];
    }

    /// <summary>A certificate with its key.</summary>
    public X509Certificate2 Load(string name)
    {
        Issue(name, expired: false);
        return X509Certificate2.CreateFromPemFile(PathOf(name), PathOf(name + "-key"));
    }

    public void Dispose()
    {
        _root.Dispose();
        _key.Dispose();
    }

    private void Issue(string name, bool expired, params string[] usages)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        if (usages.Length > 0)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(static usage => new Oid(usage))], critical: false));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(_root, now.AddDays(-1), expired ? now.AddHours(-1) : now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(PathOf(name), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf(name + "-key"), key.ExportPkcs8PrivateKeyPem());
    }

    private string PathOf(string name) => Path.Combine(_folder, $"{_name}-{name}.pem");
}
