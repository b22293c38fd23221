using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OrleansMatrix.Load.Joining;

/// <summary>A server as a process of its own, with its data in a folder of its own.</summary>
internal sealed class SiloProcess : IDisposable
{
    private readonly Process _process;
    private readonly CancellationTokenSource _stop = new();

    private SiloProcess(Process process, string name, Uri url) => (_process, Name, Url) = (process, name, url);

    /// <summary>The server name.</summary>
    public string Name { get; }

    /// <summary>The address for clients.</summary>
    public Uri Url { get; }

    /// <summary>The process's memory now, bytes.</summary>
    public long Memory => Field("VmRSS:");

    /// <summary>The most memory since <see cref="Watch"/>, bytes.</summary>
    public long MostMemory { get; private set; }

    public static async Task<SiloProcess> StartAsync(string program, string folder, Certificates certificates, CancellationToken cancellationToken)
    {
        var (client, federation) = (FreePort(), FreePort());
        var name = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{federation}");
        string[] settings =
        [
            $"--Kestrel:Endpoints:Client:Url=http://127.0.0.1:{client}", $"--Kestrel:Endpoints:Federation:Url=https://{name}",
            $"--Kestrel:Endpoints:Federation:Certificate:Path={certificates.PfxPath}", $"--Kestrel:Endpoints:Federation:Certificate:Password={Certificates.Password}",
            $"--Matrix:ServerName={name}", $"--Matrix:DataDirectory={folder}", "--Matrix:Registration:Enabled=true", "--Matrix:RateLimits:Enabled=false",
            "--Matrix:Outbound:AllowPrivateAddresses=true", "--Logging:LogLevel:Default=Warning",
        ];
        var isDll = program.EndsWith(".dll", StringComparison.Ordinal);
        var start = new ProcessStartInfo(isDll ? "dotnet" : program, isDll ? [program, .. settings] : settings) { RedirectStandardOutput = true };
        start.Environment["SSL_CERT_FILE"] = certificates.RootPath;
        var process = Process.Start(start) ?? throw new InvalidOperationException("the server does not start");
        process.OutputDataReceived += static (_, line) => Console.Error.WriteLine(line.Data);
        process.BeginOutputReadLine();
        var silo = new SiloProcess(process, name, new Uri($"http://127.0.0.1:{client}"));
        using var http = new HttpClient();
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(silo.Url, "/_matrix/client/versions"), cancellationToken);
                return silo;
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                await Task.Delay(50, cancellationToken);
            }
        }
    }

    /// <summary>Looks at the memory often from now on.</summary>
    public void Watch()
    {
        MostMemory = Memory;
        _ = Task.Run(async () =>
        {
            while (!_stop.IsCancellationRequested && !_process.HasExited)
            {
                MostMemory = Math.Max(MostMemory, Memory);
                await Task.Delay(20);
            }
        });
    }

    public void Dispose()
    {
        _stop.Cancel();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _stop.Dispose();
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private long Field(string name)
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : 1024 * long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }
}
