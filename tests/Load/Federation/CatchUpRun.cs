using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Load.Federation;

/// <summary>What came of it.</summary>
/// <param name="Arrived">Missed events that came by themselves, until none had come for ten seconds: they have a place in the stored history.</param>
/// <param name="SecondsToFirst">From the start of the server that was away until it has one of the events that it missed.</param>
/// <param name="SecondsToLast">From its start until it has the newest one.</param>
/// <param name="Seconds">From its start until the last one of <paramref name="Arrived"/> came.</param>
/// <param name="EventsPerSecond"><paramref name="Arrived"/> over <paramref name="Seconds"/>.</param>
/// <param name="Paged">Of the others, those that came when a client paged back over the gap.</param>
/// <param name="PagingSeconds">What that took, in which the client reads all of the history.</param>
/// <param name="Missing">Those that never came.</param>
/// <param name="MostMemory">Of the server that was away, MiB.</param>
internal sealed record CatchUpReport(
    int Events, int Arrived, double SecondsToFirst, double SecondsToLast, double Seconds, double EventsPerSecond, int Paged, double PagingSeconds, int Missing,
    double MostMemory);

/// <summary>How fast a server gets what happens at another one, or happened while it was away, and whether it gets all.</summary>
internal static class CatchUpRun
{
    private const int Writers = 16;
    private const int PageSize = 1000;

    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_betweenLooks = TimeSpan.FromMilliseconds(20);

    /// <param name="isAway">The other server is away while the events are sent; else the times are from the first send.</param>
    public static async Task<CatchUpReport> RunAsync(int events, bool isAway, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        using var data = new TemporaryFolder();
        using var otherData = new TemporaryFolder();
        var authority = new TestAuthority(folder.Path);
        await using var silo = await SiloProcess.StartFederatingAsync(data.Path, authority);
        await using var other = await SiloProcess.StartFederatingAsync(otherData.Path, authority);
        using var anna = new MatrixClient(silo.Url);
        using var bert = new MatrixClient(other.Url);
        await anna.RegisterAsync("anna", null, cancellationToken);
        await bert.RegisterAsync("bert", null, cancellationToken);
        var roomId = await anna.CreateRoomAsync(cancellationToken);
        await bert.JoinAsync(roomId, cancellationToken, silo.ServerName);
        var room = Uri.EscapeDataString(roomId);
        if (isAway)
            await other.KillAsync();

        var started = Stopwatch.StartNew();
        var missed = await SendAllAsync(silo.Url, anna.Token!, room, events, cancellationToken);
        var newest = missed[^1];
        await using var storage = SqliteStorage.Open(Path.Combine(otherData.Path, "matrix.db"), TimeProvider.System, NullLoggerFactory.Instance);
        var place = HistoryOrder.Start;
        var left = missed.ToHashSet(StringComparer.Ordinal);

        if (isAway)
            await other.StartAsync();
        using var back = new MatrixClient(other.Url) { Token = bert.Token };
        using var memory = new MemoryWatch(other.ProcessId);
        if (isAway)
        {
            // What is heard of a server lets the other one try at once.
            started.Restart();
            await SendAsync(back, room, "back", cancellationToken);
        }

        var (first, last, whole) = (TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        while (left.Count > 0 && started.Elapsed - whole < s_quiet)
        {
            var rows = await storage.Events.RangeAsync(roomId, place, HistoryOrder.End, Direction.Forward, PageSize, cancellationToken);
            var now = started.Elapsed;
            var before = left.Count;
            left.ExceptWith(rows.Select(row => row.EventId));
            if (left.Count < before)
            {
                whole = now;
                first = first == TimeSpan.Zero ? now : first;
                last = last == TimeSpan.Zero && !left.Contains(newest) ? now : last;
            }

            place = rows.Count > 0 ? rows[^1].Order!.Value : place;
            if (rows.Count < PageSize)
                await Task.Delay(s_betweenLooks, cancellationToken);
        }

        var arrived = missed.Count - left.Count;
        var (paged, seconds) = await PageAsync(back, room, left, cancellationToken);
        return new CatchUpReport(
            events, arrived, Seconds(first), Seconds(last), Seconds(whole), Math.Round(arrived / whole.TotalSeconds), paged, seconds, left.Count, memory.Most);
    }

    /// <summary>Reads the history from its end on back, as a client does; strikes out what comes.</summary>
    private static async Task<(int Came, double Seconds)> PageAsync(MatrixClient client, string room, HashSet<string> left, CancellationToken cancellationToken)
    {
        const int MaxEmptyPages = 10;
        var (before, started, empty) = (left.Count, Stopwatch.StartNew(), 0);
        for (string? from = null; empty < MaxEmptyPages;)
        {
            using var page = await client.MessagesAsync(room, from, cancellationToken);
            var ids = page.RootElement.GetProperty("chunk").EnumerateArray().Select(e => e.GetProperty("event_id").GetString()!).ToList();
            ids.ForEach(id => left.Remove(id));
            empty = ids.Count == 0 ? empty + 1 : 0;
            if (!page.RootElement.TryGetProperty("end", out var end))
                break;
            from = end.GetString();
        }

        return (before - left.Count, Seconds(started.Elapsed));
    }

    /// <summary>Sends the events that the other server misses; their ids, the newest last.</summary>
    private static async Task<List<string>> SendAllAsync(Uri url, string token, string room, int events, CancellationToken cancellationToken)
    {
        var ids = new string[events];
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async _ =>
        {
            using var writer = new MatrixClient(url) { Token = token };
            while (Interlocked.Increment(ref next) is var number && number < events - 1)
                ids[number] = await SendAsync(writer, room, "n" + number.ToString(CultureInfo.InvariantCulture), cancellationToken);
        }));
        using var anna = new MatrixClient(url) { Token = token };
        ids[^1] = await SendAsync(anna, room, "last", cancellationToken);
        return [.. ids];
    }

    private static async Task<string> SendAsync(MatrixClient client, string room, string name, CancellationToken cancellationToken)
    {
        var (status, answer) =
            await client.SendMessageAsync(room, name, Encoding.UTF8.GetBytes($$"""{"body":"message {{name}}","msgtype":"m.text"}"""), cancellationToken);
        return status == 200 ? JsonNode.Parse(answer.Span)!["event_id"]!.GetValue<string>() : throw new InvalidOperationException($"send: {status}");
    }

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 2);
}
