using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansMatrix.Interop;

/// <summary>A real client in a process of its own, driven by JSON lines.</summary>
internal sealed class ClientProcess : IAsyncDisposable
{
    // Libraries wait between tries of their own: matrix-js-sdk up to 30 s in all for a request about keys.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _calls = new();
    private readonly StringBuilder _log = new();
    private int _next;

    private ClientProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, e) => OnAnswer(e.Data);
        process.ErrorDataReceived += (_, e) =>
        {
            lock (_log)
                _log.AppendLine(e.Data);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Starts the client of that name: js or nio.</summary>
    public static ClientProcess Start(string name) => name == "js" ? StartJs() : StartNio();

    /// <summary>matrix-js-sdk with its Rust crypto.</summary>
    private static ClientProcess StartJs()
    {
        var script = Path.Combine(SourceDirectory, "clients", "js-client.mjs");
        Require(Directory.Exists(Path.Combine(SourceDirectory, "clients", "node_modules")), "matrix-js-sdk is not installed (npm ci in tests/Interop/clients)");
        return Start("node", script);
    }

    /// <summary>matrix-nio with libolm, by the system's Python, for which Debian packages it.</summary>
    private static ClientProcess StartNio()
    {
        Require(File.Exists("/usr/bin/python3") && Directory.Exists("/usr/lib/python3/dist-packages/nio"), "python3-matrix-nio is not installed");
        return Start("/usr/bin/python3", Path.Combine(SourceDirectory, "clients", "nio-client.py"));
    }

    /// <summary>Asks the client to do something; fails the test with the client's own words if it cannot.</summary>
    public async Task<JsonNode> DoAsync(string op, JsonObject? arguments = null)
    {
        var answer = await AskAsync(op, arguments);
        Assert.True(answer["error"] is null, $"{op}: {answer["error"]}\n{Log}");
        return answer["result"]!;
    }

    /// <summary>Asks the client to do something that its server has to refuse with that errcode.</summary>
    public async Task FailsAsync(string op, string errCode, JsonObject arguments) =>
        Assert.Contains(errCode, (await AskAsync(op, arguments))["error"]?.GetValue<string>() ?? $"{op} was not refused", StringComparison.Ordinal);

    private async Task<JsonNode> AskAsync(string op, JsonObject? arguments)
    {
        var id = Interlocked.Increment(ref _next);
        var call = _calls[id] = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        var request = (JsonObject?)arguments?.DeepClone() ?? [];
        request["id"] = id;
        request["op"] = op;
        await _process.StandardInput.WriteLineAsync(request.ToJsonString());
        await _process.StandardInput.FlushAsync();
        try
        {
            return await call.Task.WaitAsync(s_patience * 1.25);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{op} is not done\n{Log}");
        }
    }

    /// <summary>Waits until the client has seen something with these members.</summary>
    public Task<JsonNode> WaitForAsync(JsonObject match) =>
        DoAsync("wait", new JsonObject { ["match"] = match, ["timeout_ms"] = s_patience.TotalMilliseconds });

    private string Log { get { lock (_log) return _log.Length > 6000 ? _log.ToString(_log.Length - 6000, 6000) : _log.ToString(); } }

    private static string SourceDirectory { get; } = typeof(ClientProcess).Assembly
        .GetCustomAttributes(typeof(System.Reflection.AssemblyMetadataAttribute), false)
        .Cast<System.Reflection.AssemblyMetadataAttribute>().First(a => a.Key == "SourceDirectory").Value!;

    private static void Require(bool condition, string reason)
    {
        if (!condition && Environment.GetEnvironmentVariable("CI") != "true")
            Assert.Skip(reason);
        Assert.True(condition, reason);
    }

    private static ClientProcess Start(string program, string script) => new(Process.Start(new ProcessStartInfo(program, [script])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!);

    private void OnAnswer(string? line)
    {
        if (line is null)
        {
            foreach (var call in _calls.Values)
                call.TrySetException(new IOException("the client ended\n" + Log));
            return;
        }
        var answer = JsonNode.Parse(line)!;
        if (_calls.TryRemove(answer["id"]!.GetValue<int>(), out var waiting))
            waiting.TrySetResult(answer);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }
        _process.Dispose();
    }
}
