using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace OrleansMatrix.Load;

/// <summary>What to do to the server. Of several silos each room has users on all.</summary>
internal sealed record LoadOptions(IReadOnlyList<Uri> Silos, int Writers, int Rooms, int Readers, int Rate, TimeSpan Duration, TimeSpan WarmUp,
    string? RegistrationToken, int BodyBytes, bool Yardstick, IReadOnlyList<int> ProcessIds)
{
    /// <summary>The silo of the user with that number, among those that write or those that read.</summary>
    public int SiloOf(int user) => (user + user / Rooms) % Silos.Count;
}

/// <summary>What came of it; times in milliseconds. From send to sync they are told apart by whether the reader is on the silo that acknowledged.</summary>
internal sealed record LoadReport(
    string Silos, int Writers, int Rooms, int Readers, int TargetRate, double Seconds, long Acknowledged, double EventsPerSecond, double SendP50,
    double SendP99,
    long Received, double SendToSyncP50, double SendToSyncP99, double OtherSiloP50, double OtherSiloP99, long Errors, double? MessagesPerSend,
    double? RemotePerSend, double? CpuMicrosecondsPerSend, double? SwitchesPerSend,
    double? EchoPerSecond, double? EchoCpuMicroseconds, double? ShareOfEcho);

/// <summary>One load: writers in a closed loop or at a rate, readers in long polls.</summary>
internal sealed class LoadRun(LoadOptions options)
{
    private readonly Latencies _send = new(), _sendToSync = new(), _otherSilo = new();
    private readonly ConcurrentDictionary<string, string> _errors = new();
    private long _acknowledged, _received, _errorCount, _next;
    private volatile bool _measuring;

    /// <summary>Errors seen, each text once.</summary>
    public IEnumerable<string> ErrorTexts => _errors.Keys;

    public async Task<LoadReport> RunAsync(EchoResult? echo, CancellationToken cancellationToken)
    {
        var stamp = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray())[..8];
        var writers = await RegisterAsync($"w{stamp}", options.Writers, cancellationToken);
        var readers = await RegisterAsync($"r{stamp}", options.Readers, cancellationToken);
        var rooms = new string[options.Rooms];
        for (var i = 0; i < rooms.Length; i++)
            rooms[i] = await writers[i % writers.Length].CreateRoomAsync(cancellationToken);
        for (var i = 0; i < writers.Length; i++)
            await writers[i].JoinAsync(rooms[i % rooms.Length], cancellationToken);
        for (var i = 0; i < readers.Length; i++)
            await readers[i].JoinAsync(rooms[i % rooms.Length], cancellationToken);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = readers.Select((r, i) => Task.Run(() => ReadAsync(r, i, stop.Token), CancellationToken.None)).ToArray();
        var started = Stopwatch.GetTimestamp();
        var writing = writers.Select(
            (w, i) => Task.Run(() => WriteAsync(w, i, Uri.EscapeDataString(rooms[i % rooms.Length]), started, stop.Token), CancellationToken.None)).ToArray();
        await Task.Delay(options.WarmUp, cancellationToken);
        var before = ProcessCost.Of(options.ProcessIds);
        var messagesBefore = await GrainMessages.OfAsync(options.Silos, cancellationToken);
        _measuring = true;
        var from = Stopwatch.GetTimestamp();
        await ProgressAsync(from, cancellationToken);
        _measuring = false;
        var seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
        (double Microseconds, double Switches)? cost = options.ProcessIds.Count > 0 ? ProcessCost.Of(options.ProcessIds).Per(_acknowledged, before) : null;
        var messages = (await GrainMessages.OfAsync(options.Silos, cancellationToken))?.Since(messagesBefore);
        await stop.CancelAsync();
        await Task.WhenAll([.. writing, .. reading]);
        foreach (var client in (MatrixClient[])[.. writers, .. readers])
            client.Dispose();
        var rate = _acknowledged / seconds;
        return new LoadReport(
            string.Join(' ', options.Silos), options.Writers, options.Rooms, options.Readers, options.Rate, Math.Round(seconds, 1), _acknowledged,
            Math.Round(rate), _send.Percentile(0.5), _send.Percentile(0.99), _received, Number(_sendToSync.Percentile(0.5)), Number(_sendToSync.Percentile(0.99)),
            Number(_otherSilo.Percentile(0.5)), Number(_otherSilo.Percentile(0.99)), _errorCount,
            messages?.Per(_acknowledged), messages?.RemotePer(_acknowledged),
            cost?.Microseconds, cost?.Switches, echo?.PerSecond, echo?.CpuMicroseconds, echo is null ? null : Math.Round(rate / echo.PerSecond, 3));
    }

    private static double Number(double value) => double.IsNaN(value) ? -1 : value;

    private async Task<MatrixClient[]> RegisterAsync(string prefix, int count, CancellationToken cancellationToken)
    {
        var clients = new MatrixClient[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken }, async (i, ct) =>
        {
            clients[i] = new MatrixClient(options.Silos[options.SiloOf(i)]);
            await clients[i].RegisterAsync(prefix + i.ToString(CultureInfo.InvariantCulture), options.RegistrationToken, ct);
        });
        return clients;
    }

    private async Task WriteAsync(MatrixClient client, int user, string room, long started, CancellationToken cancellationToken)
    {
        var padding = new string('x', options.BodyBytes);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var number = Interlocked.Increment(ref _next);
                if (options.Rate > 0)
                {
                    var wait = TimeSpan.FromSeconds((double)number / options.Rate) - Stopwatch.GetElapsedTime(started);
                    if (wait > TimeSpan.Zero)
                        await Task.Delay(wait, cancellationToken);
                }
                var at = Stopwatch.GetTimestamp();
                var content = Encoding.ASCII.GetBytes($$"""{"body":"{{padding}}","msgtype":"m.text","sent":"{{at}}","silo":{{options.SiloOf(user)}}}""");
                var (status, body) = await client.SendMessageAsync(room, "t" + number.ToString(CultureInfo.InvariantCulture), content, cancellationToken);
                if (!_measuring)
                    continue;
                if (status == 200)
                {
                    Interlocked.Increment(ref _acknowledged);
                    _send.Add(Stopwatch.GetElapsedTime(at));
                }
                else
                {
                    Fail($"send: {status} {Encoding.UTF8.GetString(body.Span)}");
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or InvalidDataException)
            {
                Fail("send: " + e.Message);
                client.Dispose();
            }
        }
    }

    private async Task ReadAsync(MatrixClient client, int user, CancellationToken cancellationToken)
    {
        string? since = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var sync = await client.SyncAsync(since, 10_000, cancellationToken);
                var now = Stopwatch.GetTimestamp();
                var initial = since is null;
                since = sync.RootElement.GetProperty("next_batch").GetString();
                if (initial || !sync.RootElement.TryGetProperty("rooms", out var rooms) || !rooms.TryGetProperty("join", out var joined))
                    continue;
                foreach (var room in joined.EnumerateObject())
                {
                    if (!room.Value.TryGetProperty("timeline", out var timeline))
                        continue;
                    foreach (var e in timeline.GetProperty("events").EnumerateArray())
                    {
                        if (!_measuring || !e.GetProperty("content").TryGetProperty("sent", out var sent))
                            continue;
                        Interlocked.Increment(ref _received);
                        var isSame = e.GetProperty("content").GetProperty("silo").GetInt32() == options.SiloOf(user);
                        (isSame ? _sendToSync : _otherSilo).Add(Stopwatch.GetElapsedTime(long.Parse(sent.GetString()!, CultureInfo.InvariantCulture), now));
                    }
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or InvalidDataException or InvalidOperationException)
            {
                Fail("sync: " + e.Message);
                client.Dispose();
            }
        }
    }

    private void Fail(string text)
    {
        Interlocked.Increment(ref _errorCount);
        if (_errors.Count < 20)
            _errors.TryAdd(text, "");
    }

    private async Task ProgressAsync(long from, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        while (Stopwatch.GetElapsedTime(from) is var elapsed && elapsed < options.Duration)
        {
            var done = Math.Clamp((int)(elapsed / options.Duration * 30), 0, 30);
            await Console.Error.WriteAsync(
                $"\r[{new string('#', done)}{new string('.', 30 - done)}] {elapsed.TotalSeconds,5:F1} s  {_acknowledged,9:N0} acknowledged  {_received,9:N0} synced  {_errorCount} errors ");
            await timer.WaitForNextTickAsync(cancellationToken);
        }
        await Console.Error.WriteLineAsync();
    }
}
