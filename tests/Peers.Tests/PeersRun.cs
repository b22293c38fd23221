using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansMatrix.Peers.Tests.Play;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Peers.Tests;

/// <summary>A server as a process, and schedules with other servers against it, some at a time.</summary>
internal sealed class PeersRun : IAsyncDisposable
{
    // Each waits for others' tries most of the time.
    private const int AtOnce = 6;
    private const int LogTail = 6000;

    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority;
    private SiloProcess _silo = null!;
    private PeerServer _notary = null!;
    private int _played;

    private PeersRun() => _authority = new TestAuthority(_folder.Path);

    /// <summary>How many schedules were played.</summary>
    public int Played => _played;

    /// <summary>The seed of the schedule that took longest, and how long.</summary>
    public (int Seed, TimeSpan Time) Longest { get; private set; }

    /// <summary>What the server under test was asked with success.</summary>
    public Operations Asked { get; } = new();

    /// <summary>What it asked others with success.</summary>
    public Operations Asks { get; } = new();

    public static async Task<PeersRun> StartAsync()
    {
        var run = new PeersRun();
        run._notary = await PeerServer.StartAsync(run._authority, "", new Network(), Character.Honest, seed: 0);
        run._silo = await SiloProcess.StartFederatingAsync(run._folder.File("data"), run._authority, environment: new Dictionary<string, string>
        {
            ["Matrix__PolicyServer__Enabled"] = "true",
            ["Matrix__PublicBaseUrl"] = "https://peers.test",
            ["Matrix__Federation__TrustedKeyServers__0"] = run._notary.Name,
        });
        return run;
    }

    /// <summary>Plays schedules from a seed on, until so many are played or the time is over.</summary>
    public async Task PlayAsync(int firstSeed, int schedules, TimeSpan time)
    {
        var started = Stopwatch.GetTimestamp();
        var failures = new ConcurrentQueue<string>();
        var next = firstSeed - 1;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            while (failures.IsEmpty && Stopwatch.GetElapsedTime(started) < time && Interlocked.Increment(ref next) is var seed && seed < firstSeed + schedules)
            {
                try
                {
                    await PlayAsync(seed);
                }
                catch (Exception e)
                {
                    failures.Enqueue(e.ToString());
                }
            }
        }));
        Asks.Add(_notary.Served);
        var log = _silo.Log;
        if (!failures.IsEmpty)
            Assert.Fail($"{string.Join("\n\n", failures)}\nthe database is kept in {Keep()}\n{log[Math.Max(0, log.Length - LogTail)..]}");
    }

    public async ValueTask DisposeAsync()
    {
        await _silo.DisposeAsync();
        await _notary.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Leaves the database where it stays, for who looks for what went wrong; the folder.</summary>
    private string Keep()
    {
        var kept = Directory.CreateTempSubdirectory("peers-").FullName;
        foreach (var file in Directory.GetFiles(_folder.File("data"), "matrix.db*"))
            File.Copy(file, Path.Combine(kept, Path.GetFileName(file)));
        return kept;
    }

    private async Task PlayAsync(int seed)
    {
        await using var course = await Course.StartAsync(_silo, _authority, _notary, seed);
        var started = Stopwatch.GetTimestamp();
        await course.RunAsync();
        if (Stopwatch.GetElapsedTime(started) is var time && time > Longest.Time)
            Longest = (seed, time);
        Asked.Add(course.Asked);
        Asks.Add(course.Asks);
        Interlocked.Increment(ref _played);
    }
}
