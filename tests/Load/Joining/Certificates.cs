using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansMatrix.Load.Joining;

/// <summary>One certificate for everything on 127.0.0.1, and the root that servers are told to trust.</summary>
internal sealed class Certificates
{
    public const string Password = "load";

    public Certificates(string folder)
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=Load", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var root = rootRequest.CreateSelfSigned(from, to);
        RootPath = Path.Combine(folder, "root.pem");
        File.WriteAllText(RootPath, root.ExportCertificatePem());

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(root, from, to, [1, 2, 3, 4]);
        using var withKey = certificate.CopyWithPrivateKey(key);
        var pfx = withKey.Export(X509ContentType.Pfx, Password);
        PfxPath = Path.Combine(folder, "server.pfx");
        File.WriteAllBytes(PfxPath, pfx);
        Server = X509CertificateLoader.LoadPkcs12(pfx, Password);
    }

    public string RootPath { get; }

    public string PfxPath { get; }

    public X509Certificate2 Server { get; }
}
