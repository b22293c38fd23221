using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OrleansMatrix.TestSupport;

/// <summary>The server as a process of its own on a free loopback port, so that it can be killed.</summary>
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
            ["Matrix__Registration__Enabled"] = "true",
            ["Matrix__RateLimits__Enabled"] = "false",
        };
        Http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(30) };
    }

    public Uri Url { get; }
    public HttpClient Http { get; }

    /// <summary>What the server wrote, for messages of failed tests.</summary>
    public string Log { get { lock (_log) return _log.ToString(); } }

    public static async Task<SiloProcess> StartAsync(string dataDirectory, string database)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var silo = new SiloProcess(dataDirectory, database, port);
        await silo.StartAsync();
        return silo;
    }

    /// <summary>Starts the process and returns when it answers.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "OrleansMatrix.dll")])
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
