using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OrleansMatrix.TestSupport;

/// <summary>
/// The server as a process of its own on a free loopback port, so that it can be killed. The environment variable SILO names an executable that is published
/// already; else it is the one that was built beside the caller.
/// </summary>
public sealed class SiloProcess : IAsyncDisposable
{
    private readonly Dictionary<string, string> _settings;
    private readonly StringBuilder _log = new();
    private Process? _process;

    private SiloProcess(string dataDirectory, string database, int port)
    {
        Url = new Uri($"http://127.0.0.1:{port}");
        _settings = new Dictionary<string, string>
        {
            ["Kestrel__Endpoints__Http__Url"] = Url.ToString(),
            ["Matrix__DataDirectory"] = dataDirectory,
            ["Matrix__Database"] = database,

            // The same after a kill: then the silo takes its former one's place among the members at once.
            ["Matrix__Cluster__SiloPort"] = FreePort().ToString(CultureInfo.InvariantCulture),
            ["Matrix__Cluster__GatewayPort"] = FreePort().ToString(CultureInfo.InvariantCulture),
            ["Matrix__Registration__Enabled"] = "true",
            ["Matrix__RateLimits__Enabled"] = "false",
        };
        Http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(30) };
    }

    public Uri Url { get; }
    public HttpClient Http { get; }

    /// <summary>What the server wrote, for messages of failed tests.</summary>
    public string Log { get { lock (_log) return _log.ToString(); } }

    /// <summary>Starts a server of its own.</summary>
    /// <param name="environment">Further environment variables.</param>
    public static async Task<SiloProcess> StartAsync(string dataDirectory, string database, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var silo = new SiloProcess(dataDirectory, database, FreePort());
        foreach (var (key, value) in environment ?? [])
            silo._settings[key] = value;
        await silo.StartAsync();
        return silo;
    }

    /// <summary>Starts a server that others reach over TLS on loopback; its name is <c>localhost:PORT</c>.</summary>
    public static async Task<SiloProcess> StartFederatingAsync(string dataDirectory, TestAuthority authority)
    {
        var port = FreePort();
        return await StartAsync(dataDirectory, database: "", new Dictionary<string, string>
        {
            ["Kestrel__Endpoints__Federation__Url"] = $"https://localhost:{port}",
            ["Kestrel__Endpoints__Federation__Certificate__Path"] = authority.CertificatePath,
            ["Kestrel__Endpoints__Federation__Certificate__Password"] = TestAuthority.Password,
            ["SSL_CERT_FILE"] = authority.RootPath,
            ["Matrix__ServerName"] = $"localhost:{port}",
            ["Matrix__Outbound__AllowPrivateAddresses"] = "true",
        });
    }

    /// <summary>The name in user ids.</summary>
    public string ServerName => _settings.GetValueOrDefault("Matrix__ServerName", "localhost");

    /// <summary>A loopback port that nothing listens on.</summary>
    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        return port;
    }

    /// <summary>Starts the process and returns when it answers.</summary>
    public async Task StartAsync()
    {
        var published = Environment.GetEnvironmentVariable("SILO");
        var start = new ProcessStartInfo(published ?? "dotnet", published is null ? [Path.Combine(AppContext.BaseDirectory, "OrleansMatrix.dll")] : [])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach (var (key, value) in _settings)
            start.Environment[key] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) => Append(e.Data);
        _process.ErrorDataReceived += (_, e) => Append(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        for (var deadline = Stopwatch.StartNew(); ;)
        {
            try
            {
                using var answer = await Http.GetAsync("/_matrix/client/versions");
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException) when (deadline.Elapsed < TimeSpan.FromSeconds(60) && !_process.HasExited)
            {
                // There is nothing to wait on but the port itself.
                await Task.Delay(20);
            }
            if (_process.HasExited)
                throw new InvalidOperationException("the server ended:\n" + Log);
        }
    }

    /// <summary>Of the running process.</summary>
    public int ProcessId => _process!.Id;

    /// <summary>Waits until the process ends by itself; its exit code.</summary>
    public async Task<int> EndAsync()
    {
        await _process!.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>Sends a signal of that name, such as STOP.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        if (kill.ExitCode != 0)
            throw new InvalidOperationException($"SIG{signal} could not be sent");
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    private void Append(string? line)
    {
        if (line is null)
            return;
        lock (_log)
            _log.AppendLine(line);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            await KillAsync();
        Http.Dispose();
    }
}
