using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace OrleansMatrix.Load.Flooding;

/// <summary>Two who talk, and one who opens a client now and then, while others flood the server.</summary>
internal sealed class HonestUsers(Uri server) : IDisposable
{
    // As Element has it.
    private const int Limit = 20;
    private static readonly TimeSpan s_betweenMessages = TimeSpan.FromMilliseconds(200), s_betweenStarts = TimeSpan.FromMilliseconds(500);
    private readonly MatrixClient _anna = new(server), _bert = new(server), _cleo = new(server);
    private string _room = "", _escapedRoom = "";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _anna.RegisterAsync("anna", null, cancellationToken);
        await _bert.RegisterAsync("bert", null, cancellationToken);
        await _cleo.RegisterAsync("cleo", null, cancellationToken);
        _room = await _anna.CreateRoomAsync(cancellationToken);
        _escapedRoom = Uri.EscapeDataString(_room);
        await _bert.JoinAsync(_room, cancellationToken);
        await _cleo.JoinAsync(_room, cancellationToken);
    }

    /// <summary>What they live through until <paramref name="over"/>.</summary>
    public async Task<HonestReport> RunAsync(CancellationToken over, CancellationToken cancellationToken)
    {
        var (sends, deliveries, starts) = (new Latencies(), new Latencies(), new Latencies());
        await Task.WhenAll(TalkAsync(sends, deliveries, over, cancellationToken), OpenAsync(starts, over, cancellationToken));
        return new HonestReport(
            sends.Count, sends.Percentile(0.99), deliveries.Percentile(0.99), starts.Percentile(0.99),
            Math.Max(Math.Max(sends.Percentile(1), deliveries.Percentile(1)), starts.Percentile(1)));
    }

    public void Dispose()
    {
        _anna.Dispose();
        _bert.Dispose();
        _cleo.Dispose();
    }

    // One message at a time, from the request until it is in the other's sync.
    private async Task TalkAsync(Latencies sends, Latencies deliveries, CancellationToken over, CancellationToken cancellationToken)
    {
        using var first = await _bert.SyncAsync(null, 0, cancellationToken, Limit);
        var since = first.RootElement.GetProperty("next_batch").GetString()!;
        while (!over.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            var sync = _bert.SyncAsync(since, 30_000, cancellationToken, Limit);
            var text = string.Create(CultureInfo.InvariantCulture, $"hello {started}");
            var (status, answer) = await _anna.SendMessageAsync(
                _escapedRoom, started.ToString(CultureInfo.InvariantCulture), Encoding.UTF8.GetBytes($$"""{"msgtype":"m.text","body":"{{text}}"}"""),
                cancellationToken);
            if (status != 200)
                throw new InvalidOperationException($"an honest message: {status} {Encoding.UTF8.GetString(answer.Span)}");
            sends.Add(Stopwatch.GetElapsedTime(started));
            while (true)
            {
                using var told = await sync;
                since = told.RootElement.GetProperty("next_batch").GetString()!;
                if (told.RootElement.GetRawText().Contains(text, StringComparison.Ordinal))
                    break;
                sync = _bert.SyncAsync(since, 30_000, cancellationToken, Limit);
            }

            deliveries.Add(Stopwatch.GetElapsedTime(started));
            await Task.Delay(s_betweenMessages, cancellationToken);
        }
    }

    private async Task OpenAsync(Latencies starts, CancellationToken over, CancellationToken cancellationToken)
    {
        while (!over.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            using var sync = await _cleo.SyncAsync(null, 0, cancellationToken, Limit);
            starts.Add(Stopwatch.GetElapsedTime(started));
            await Task.Delay(s_betweenStarts, cancellationToken);
        }
    }
}
