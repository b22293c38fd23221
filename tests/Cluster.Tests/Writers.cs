using System.Diagnostics;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>Clients that write in rooms of their own, and one that reads them all, by whichever silo takes them.</summary>
internal sealed class Writers : IDisposable
{
    private readonly AnySilo _server;
    private readonly Dictionary<string, List<string>> _sent = [];
    private TimeSpan _longestWait;

    public Writers(IEnumerable<SiloProcess> silos) => _server = new AnySilo(silos);

    public AnySilo Server => _server;

    public int Acknowledged
    {
        get { lock (_sent) return _sent.Values.Sum(static ids => ids.Count); }
    }

    /// <summary>The longest that a message took until it was acknowledged, its repetitions included, since this was asked before.</summary>
    public TimeSpan TakeLongestWait()
    {
        lock (_sent)
        {
            var longest = _longestWait;
            _longestWait = TimeSpan.Zero;
            return longest;
        }
    }

    public async Task PrepareAsync(int rooms)
    {
        await _server.RegisterAsync("alice");
        for (var i = 0; i < rooms; i++)
            _sent.Add((await _server.AskAsync(HttpMethod.Post, "createRoom", []))["room_id"]!.GetValue<string>(), []);
    }

    /// <summary>Writes and reads until it is to stop, and then until what was written has been read.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var since = (await _server.AskAsync(HttpMethod.Get, "sync?filter={\"room\":{\"timeline\":{\"limit\":1}}}"))["next_batch"]!.GetValue<string>();
        var writing = Task.WhenAll(_sent.Select(room => WriteAsync(room.Key, room.Value, stop)));
        var seen = _sent.ToDictionary(static room => room.Key, static _ => new List<string>());
        while (true)
        {
            var isLast = writing.IsCompleted;
            var path = $"sync?since={since}&timeout={(isLast ? 0 : 1000)}&filter={{\"room\":{{\"timeline\":{{\"limit\":200}}}}}}";
            var sync = await _server.AskAsync(HttpMethod.Get, path);
            foreach (var (room, joined) in sync["rooms"]?["join"]?.AsObject() ?? [])
            {
                var timeline = joined!["timeline"]!;
                if (timeline["limited"]!.GetValue<bool>())
                    seen[room].AddRange(await GapAsync(room, timeline["prev_batch"]!.GetValue<string>(), since));
                seen[room].AddRange(Ids(timeline["events"]!));
            }

            since = sync["next_batch"]!.GetValue<string>();
            if (isLast)
                break;
        }

        await writing;
        foreach (var (room, sent) in _sent)
            Assert.Equal(sent, seen[room]);
    }

    /// <summary>Each acknowledged message is in its room once, in order, and no other.</summary>
    public async Task CheckAsync()
    {
        foreach (var (room, sent) in _sent)
        {
            var found = new List<(string Id, string Body)>();
            for (var from = ""; ;)
            {
                var page = await _server.AskAsync(HttpMethod.Get, $"rooms/{room}/messages?dir=f&limit=500{from}&filter={{\"types\":[\"m.room.message\"]}}");
                found.AddRange(page["chunk"]!.AsArray().Select(static e => (e!["event_id"]!.GetValue<string>(), e["content"]!["body"]!.GetValue<string>())));
                if (page["end"] is not { } end || page["chunk"]!.AsArray().Count == 0)
                    break;
                from = "&from=" + end.GetValue<string>();
            }

            Assert.Equal(sent, found.Select(static e => e.Id));
            Assert.Equal(Enumerable.Range(0, sent.Count).Select(static i => $"{i}"), found.Select(static e => e.Body));
        }
    }

    public void Dispose() => _server.Dispose();

    private static IEnumerable<string> Ids(JsonNode events) => events.AsArray().Select(static e => e!["event_id"]!.GetValue<string>());

    /// <summary>What a timeline left out, oldest first.</summary>
    private async Task<List<string>> GapAsync(string room, string from, string since)
    {
        var ids = new List<string>();
        while (true)
        {
            var page = await _server.AskAsync(HttpMethod.Get, $"rooms/{room}/messages?dir=b&limit=500&from={from}&to={since}");
            ids.AddRange(Ids(page["chunk"]!));
            if (page["end"] is not { } end || page["chunk"]!.AsArray().Count == 0)
                break;
            from = end.GetValue<string>();
        }

        ids.Reverse();
        return ids;
    }

    private async Task WriteAsync(string room, List<string> sent, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var began = Stopwatch.GetTimestamp();
            var answer = await _server.AskAsync(
                HttpMethod.Put, $"rooms/{room}/send/m.room.message/{i}", new JsonObject { ["msgtype"] = "m.text", ["body"] = $"{i}" });
            lock (_sent)
            {
                sent.Add(answer["event_id"]!.GetValue<string>());
                var wait = Stopwatch.GetElapsedTime(began);
                _longestWait = wait > _longestWait ? wait : _longestWait;
            }
        }
    }
}
