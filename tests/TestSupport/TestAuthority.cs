using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansMatrix.TestSupport;

/// <summary>A certificate authority of a test's own, and a server certificate of it for loopback; both in files of a folder.</summary>
public sealed class TestAuthority
{
    public const string Password = "test";

    /// <summary>Of the server's certificate.</summary>
    public const string Subject = "CN=localhost";

    /// <param name="folder">Where the files are put.</param>
    /// <param name="names">The names and addresses that the server's certificate is for, beside localhost and 127.0.0.1.</param>
    public TestAuthority(string folder, params string[] names)
    {
        var (from, to) = (TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(2));
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=Test authority", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        rootRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        using var root = rootRequest.CreateSelfSigned(from, to);
        RootPath = Path.Combine(folder, "root.pem");
        File.WriteAllText(RootPath, root.ExportCertificatePem());

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject, key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddDnsName("localhost");
        alternatives.AddIpAddress(IPAddress.Loopback);
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        using var certificate = request.Create(root, from, to, [1]);
        using var withKey = certificate.CopyWithPrivateKey(key);
        CertificatePath = Path.Combine(folder, "server.pfx");
        File.WriteAllBytes(CertificatePath, withKey.Export(X509ContentType.Pfx, Password));
    }

    /// <summary>The authority's certificate, PEM: for <c>SSL_CERT_FILE</c>.</summary>
    public string RootPath { get; }

    /// <summary>The server's certificate with its key, PKCS #12.</summary>
    public string CertificatePath { get; }
}
