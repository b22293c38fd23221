using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>What a test needs to serve HTTPS on loopback.</summary>
internal static class TestCertificate
{
    public const string Subject = "CN=127.0.0.1";

    public const string Password = "test";

    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public static X509Certificate2 Create() => X509CertificateLoader.LoadPkcs12(Export(), Password);

    public static byte[] Export()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest(Subject, key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(90));
        return certificate.Export(X509ContentType.Pfx, Password);
    }
}
