using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>
/// Clients that write in rooms of their own, and one that reads them all, by whichever silo takes them. A request that fails is repeated elsewhere, as clients do.
/// </summary>
internal sealed class Writers : IDisposable
{
    private const string Client = "/_matrix/client/v3/";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);
    private readonly ConcurrentDictionary<SiloProcess, bool> _up = new();
    private readonly Dictionary<string, List<string>> _sent = [];
    private readonly ConcurrentBag<TimeSpan> _times = [];
    private readonly HttpClient _http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1) }) { Timeout = TimeSpan.FromSeconds(40) };
    private string _token = "";
    private int _failures;

    public Writers(IEnumerable<SiloProcess> silos)
    {
        foreach (var silo in silos)
            Add(silo);
    }

    /// <summary>Requests that were not answered, or by 503.</summary>
    public int Failures => _failures;

    /// <summary>The longest time of a request that was answered.</summary>
    public TimeSpan Longest => _times.Max();

    public int Acknowledged
    {
        get { lock (_sent) return _sent.Values.Sum(static ids => ids.Count); }
    }

    /// <summary>As a load balancer does for a process that is ready.</summary>
    public void Add(SiloProcess silo) => _up[silo] = true;

    /// <summary>As it does for one that is not, or is to be stopped.</summary>
    public void Remove(SiloProcess silo) => _up.TryRemove(silo, out _);

    public async Task PrepareAsync(int rooms)
    {
        var body = new JsonObject { ["username"] = "alice", ["password"] = "a long password", ["auth"] = new JsonObject { ["type"] = "m.login.dummy" } };
        _token = (await AskAsync(HttpMethod.Post, "register", body))["access_token"]!.GetValue<string>();
        for (var i = 0; i < rooms; i++)
            _sent.Add((await AskAsync(HttpMethod.Post, "createRoom", []))["room_id"]!.GetValue<string>(), []);
    }

    /// <summary>Writes and reads until it is to stop, and then until what was written has been read.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var since = (await AskAsync(HttpMethod.Get, "sync?filter={\"room\":{\"timeline\":{\"limit\":1}}}"))["next_batch"]!.GetValue<string>();
        var writing = Task.WhenAll(_sent.Select(room => WriteAsync(room.Key, room.Value, stop)));
        var seen = _sent.ToDictionary(static room => room.Key, static _ => new List<string>());
        while (true)
        {
            var isLast = writing.IsCompleted;
            var sync = await AskAsync(HttpMethod.Get, $"sync?since={since}&timeout={(isLast ? 0 : 1000)}&filter={{\"room\":{{\"timeline\":{{\"limit\":200}}}}}}");
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
                var page = await AskAsync(HttpMethod.Get, $"rooms/{room}/messages?dir=f&limit=500{from}&filter={{\"types\":[\"m.room.message\"]}}");
                found.AddRange(page["chunk"]!.AsArray().Select(static e => (e!["event_id"]!.GetValue<string>(), e["content"]!["body"]!.GetValue<string>())));
                if (page["end"] is not { } end || page["chunk"]!.AsArray().Count == 0)
                    break;
                from = "&from=" + end.GetValue<string>();
            }

            Assert.Equal(sent, found.Select(static e => e.Id));
            Assert.Equal(Enumerable.Range(0, sent.Count).Select(static i => $"{i}"), found.Select(static e => e.Body));
        }
    }

    public void Dispose() => _http.Dispose();

    private static IEnumerable<string> Ids(JsonNode events) => events.AsArray().Select(static e => e!["event_id"]!.GetValue<string>());

    /// <summary>What a timeline left out, oldest first.</summary>
    private async Task<List<string>> GapAsync(string room, string from, string since)
    {
        var ids = new List<string>();
        while (true)
        {
            var page = await AskAsync(HttpMethod.Get, $"rooms/{room}/messages?dir=b&limit=500&from={from}&to={since}");
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
            var answer = await AskAsync(
                HttpMethod.Put, $"rooms/{room}/send/m.room.message/{i}", new JsonObject { ["msgtype"] = "m.text", ["body"] = $"{i}" });
            lock (_sent)
                sent.Add(answer["event_id"]!.GetValue<string>());
        }
    }

    /// <summary>Asks one silo after the other until one answers.</summary>
    private async Task<JsonNode> AskAsync(HttpMethod method, string path, JsonObject? body = null)
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            Assert.InRange(waited.Elapsed, TimeSpan.Zero, s_patience);
            var silos = _up.Keys.ToArray();
            var silo = silos[Random.Shared.Next(silos.Length)];
            using var request = new HttpRequestMessage(method, new Uri(silo.Url, Client + path)) { Content = body is null ? null : JsonContent.Create(body) };
            if (_token.Length > 0)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
            try
            {
                var began = Stopwatch.GetTimestamp();
                using var answer = await _http.SendAsync(request, CancellationToken.None);
                var text = await answer.Content.ReadAsStringAsync(CancellationToken.None);
                if (answer.IsSuccessStatusCode)
                {
                    _times.Add(Stopwatch.GetElapsedTime(began));
                    return JsonNode.Parse(text)!;
                }

                Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable, $"{(int)answer.StatusCode} {text} to {method} {path}");
            }
            catch (Exception broken) when (broken is HttpRequestException or TaskCanceledException or IOException)
            {
                // It is asked for again.
            }

            Interlocked.Increment(ref _failures);
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
