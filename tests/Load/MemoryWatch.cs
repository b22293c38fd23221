using System.Globalization;

namespace OrleansMatrix.Load;

/// <summary>Looks often at the resident memory of a process of this machine (Linux); all in MiB.</summary>
internal sealed class MemoryWatch : IDisposable
{
    private const int KiBPerMiB = 1024;
    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(20);
    private readonly int _processId;
    private readonly CancellationTokenSource _stop = new();

    public MemoryWatch(int processId)
    {
        _processId = processId;
        Before = Most = Now;
        _ = WatchAsync();
    }

    /// <summary>At the start.</summary>
    public double Before { get; }

    /// <summary>The most since then.</summary>
    public double Most { get; private set; }

    public double Now
    {
        get
        {
            var status = $"/proc/{_processId}/status";
            var line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)) : null;
            return line is null ? 0 : long.Parse(line.AsSpan(6, line.Length - 8).Trim(), CultureInfo.InvariantCulture) / KiBPerMiB;
        }
    }

    public void Dispose() => _stop.Cancel();

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Most = Math.Max(Most, Now);
            await Task.Delay(s_between, CancellationToken.None);
        }
    }
}
