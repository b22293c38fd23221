using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace OrleansMatrix.TestSupport;

/// <summary>
/// The server as a process of its own on a free loopback port or a socket file, so that it can be killed. The environment variable SILO names an executable
/// that is published already; else it is the one that was built beside the caller.
/// </summary>
public sealed class SiloProcess : IAsyncDisposable
{
    private const int FirstPort = 10_000;
    private const int MaxLog = 8 * 1024 * 1024;

    // Where net.ipv4.ip_local_port_range begins, unless it was changed.
    private const int EndOfPorts = 32_768;

    // Test programs that run at once begin each elsewhere.
    private static int s_lastPort = RandomNumberGenerator.GetInt32(EndOfPorts);

    private readonly Dictionary<string, string> _settings;
    private readonly StringBuilder _log = new();
    private readonly string[] _launcher = [];
    private readonly string? _socket;
    private Process? _process;

    private SiloProcess(string dataDirectory, string database, Uri url)
    {
        Url = url;
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

    private SiloProcess(string dataDirectory, string database, string network)
        : this(dataDirectory, database, new Uri("http://localhost"))
    {
        _launcher = ["ip", "netns", "exec", network];
        _socket = dataDirectory + ".sock";
        _settings["Kestrel__Endpoints__Http__Url"] = "http://unix:" + _socket;
        Http.Dispose();
        Http = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, cancellation) => ConnectAsync(_socket, cancellation) })
        {
            BaseAddress = Url,
            Timeout = TimeSpan.FromSeconds(60),
        };
    }

    public Uri Url { get; }
    public HttpClient Http { get; }

    /// <summary>What the server wrote, the newest some million characters of it.</summary>
    public string Log { get { lock (_log) return _log.ToString(); } }

    /// <summary>Starts a server of its own.</summary>
    /// <param name="environment">Further environment variables.</param>
    public static async Task<SiloProcess> StartAsync(string dataDirectory, string database, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var silo = new SiloProcess(dataDirectory, database, new Uri($"http://127.0.0.1:{FreePort()}"));
        foreach (var (key, value) in environment ?? [])
            silo._settings[key] = value;
        await silo.StartAsync();
        return silo;
    }

    /// <summary>
    /// Starts a server in a network namespace. It takes requests on a socket file beside its data directory, so that it can be asked whatever becomes of its
    /// network.
    /// </summary>
    public static async Task<SiloProcess> StartInNetworkAsync(string dataDirectory, string database, string network)
    {
        var silo = new SiloProcess(dataDirectory, database, network);
        await silo.StartAsync();
        return silo;
    }

    /// <summary>Starts a server that others reach over TLS on loopback; its name is <c>localhost:PORT</c>.</summary>
    /// <param name="name">The name of the server that it is a silo of, where something else listens on the port in it and passes connections on.</param>
    /// <param name="environment">Further environment variables.</param>
    public static async Task<SiloProcess> StartFederatingAsync(
        string dataDirectory, TestAuthority authority, string database = "", string? name = null, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var port = FreePort();
        var silo = await StartAsync(dataDirectory, database, new Dictionary<string, string>(environment ?? [])
        {
            ["Kestrel__Endpoints__Federation__Url"] = $"https://localhost:{port}",
            ["Kestrel__Endpoints__Federation__Certificate__Path"] = authority.CertificatePath,
            ["Kestrel__Endpoints__Federation__Certificate__Password"] = TestAuthority.Password,
            ["SSL_CERT_FILE"] = authority.RootPath,
            ["Matrix__ServerName"] = name ?? $"localhost:{port}",
            ["Matrix__Outbound__AllowPrivateAddresses"] = "true",
        });
        silo.FederationPort = port;
        return silo;
    }

    /// <summary>Where other servers reach this process over TLS.</summary>
    public int FederationPort { get; private set; }

    /// <summary>The name in user ids.</summary>
    public string ServerName => _settings.GetValueOrDefault("Matrix__ServerName", "localhost");

    /// <summary>
    /// A loopback port that nothing listens on, and that no other caller here was given. It is none of those that Linux gives to outgoing connections: one of
    /// them could take the port of a killed process before that is back.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = FirstPort + Interlocked.Increment(ref s_lastPort) % (EndOfPorts - FirstPort);
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // It is taken.
            }
        }
    }

    /// <summary>Starts the process and returns when it is ready.</summary>
    public async Task StartAsync()
    {
        var published = Environment.GetEnvironmentVariable("SILO");
        string[] program = published is null ? ["dotnet", Path.Combine(AppContext.BaseDirectory, "OrleansMatrix.dll")] : [published];
        string[] line = [.. _launcher, .. program];
        if (_socket is not null)
            File.Delete(_socket);
        var start = new ProcessStartInfo(line[0], line[1..])
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
                using var answer = await Http.GetAsync("/health/ready");
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // Nothing listens there.
            }
            if (_process.HasExited || deadline.Elapsed > TimeSpan.FromSeconds(60))
                throw new InvalidOperationException("the server ended, or is not ready:\n" + Log);
            await Task.Delay(20);
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

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Append(string? line)
    {
        if (line is null)
            return;
        lock (_log)
        {
            _log.AppendLine(line);
            if (_log.Length > MaxLog)
                _log.Remove(0, MaxLog / 2);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            await KillAsync();
        Http.Dispose();
    }
}
