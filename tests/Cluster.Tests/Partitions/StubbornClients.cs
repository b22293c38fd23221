using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests.Partitions;

/// <summary>
/// Clients that each stay with one silo, whatever becomes of it: by every silo they write in the same rooms, set account data of the same user and send to the
/// same device. What is not acknowledged is repeated there until it is. An answer other than 200 and 503 fails the test, and so does none within 60 s.
/// </summary>
internal sealed class StubbornClients
{
    private const string Client = "/_matrix/client/v3/";

    // Between two requests of one client: what they wrote is read again at the end.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_underWay = TimeSpan.FromSeconds(5);
    private readonly MatrixHttp[] _silos;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _rooms = new();
    private readonly ConcurrentQueue<string> _toDevice = new();
    private readonly ConcurrentQueue<string> _claimed = new();
    private readonly List<Worker> _workers = [];
    private readonly Stopwatch _running = Stopwatch.StartNew();
    private readonly Lock _gate = new();
    private readonly long[] _accountData;
    private string _alice = "", _bob = "", _device = "";
    private int _refused;
    private TimeSpan _longest;

    public StubbornClients(IEnumerable<SiloProcess> silos)
    {
        _silos = [.. silos.Select(static silo => new MatrixHttp(silo.Http))];
        _accountData = new long[_silos.Length];
    }

    public TimeSpan Elapsed => _running.Elapsed;

    public int Acknowledged => _rooms.Values.Sum(static sent => sent.Count);

    /// <summary>Requests that ended in 503.</summary>
    public int Refused => _refused;

    /// <summary>The longest that a request took until it was answered, by 503 too, since this was asked before.</summary>
    public TimeSpan TakeLongest()
    {
        lock (_gate)
        {
            var longest = _longest;
            _longest = TimeSpan.Zero;
            return longest;
        }
    }

    public async Task PrepareAsync(int rooms)
    {
        _alice = await _silos[0].RegisterAsync("alice");
        _bob = await _silos[0].RegisterAsync("bob");
        _device = (await _silos[0].AskAsync(HttpMethod.Get, Client + "account/whoami", _bob))["device_id"]!.GetValue<string>();
        for (var i = 0; i < rooms; i++)
        {
            var created = await _silos[i % _silos.Length].AskAsync(HttpMethod.Post, Client + "createRoom", _alice, []);
            _rooms[created["room_id"]!.GetValue<string>()] = new();
        }

        var keys = new JsonObject();
        for (var i = 0; i < 50; i++)
            keys[$"signed_curve25519:{i}"] = new JsonObject { ["key"] = $"{i}" };
        await _silos[0].AskAsync(HttpMethod.Post, Client + "keys/upload", _bob, new JsonObject { ["one_time_keys"] = keys });
    }

    /// <summary>Writes until it is to stop and everything is acknowledged.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var failed = new CancellationTokenSource();
        for (var silo = 0; silo < _silos.Length; silo++)
        {
            var (by, name) = (silo, $"{silo}");
            foreach (var (room, sent) in _rooms)
            {
                _workers.Add(new Worker(by, _running, async i =>
                {
                    var body = new JsonObject { ["msgtype"] = "m.text", ["body"] = $"{name}-{i}" };
                    var answer = await AskAsync(by, HttpMethod.Put, $"rooms/{room}/send/m.room.message/{name}-{i}", _alice, body);
                    if (answer is not null)
                        sent.Enqueue(answer["event_id"]!.GetValue<string>());
                    return answer is not null;
                }));
            }

            _workers.Add(new Worker(by, _running, async i =>
            {
                var path = $"user/@alice:localhost/account_data/org.example.{name}";
                var isSet = await AskAsync(by, HttpMethod.Put, path, _alice, new JsonObject { ["i"] = i }) is not null;
                _accountData[by] = isSet ? i : _accountData[by];
                return isSet;
            }));
            _workers.Add(new Worker(by, _running, async i =>
            {
                var message = new JsonObject { [_device] = new JsonObject { ["body"] = $"{name}-{i}" } };
                var body = new JsonObject { ["messages"] = new JsonObject { ["@bob:localhost"] = message } };
                var isSent = await AskAsync(by, HttpMethod.Put, $"sendToDevice/org.example.test/{name}-{i}", _alice, body) is not null;
                if (isSent)
                    _toDevice.Enqueue($"{name}-{i}");
                return isSent;
            }));
        }

        await Task.WhenAll(_workers.Select(async worker =>
        {
            try
            {
                await worker.RunAsync(stop, failed.Token);
            }
            catch
            {
                await failed.CancelAsync();
                throw;
            }
        }));
    }

    /// <summary>Waits until each client was answered, by 200 or 503, by when nothing of before is under way but what waits.</summary>
    public async Task AnsweredAsync()
    {
        var from = _running.Elapsed + s_underWay;
        while (_workers.Any(worker => worker.AnsweredAt < from))
            await Task.Delay(20, TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until a load balancer would leave the silo out, or take it in again.</summary>
    public async Task ReadyAsync(int silo, bool isReady)
    {
        while (true)
        {
            using var answer = await _silos[silo].SendAsync(HttpMethod.Get, "/health/ready");
            if (answer.IsSuccessStatusCode == isReady)
                return;
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until each client of these silos has had something acknowledged that it began from here on.</summary>
    public async Task AcknowledgedAsync(params int[] silos)
    {
        var waiting = _workers.Where(worker => silos.Contains(worker.Silo)).Select(static worker => (Worker: worker, Until: worker.Done + 2)).ToList();
        while (waiting.Any(static one => one.Worker.Done < one.Until))
            await Task.Delay(20, TestContext.Current.CancellationToken);
    }

    /// <summary>Claims as many keys of one device at once.</summary>
    public Task ClaimAsync(int silo, int count) => Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
    {
        var wanted = new JsonObject { ["one_time_keys"] = new JsonObject { ["@bob:localhost"] = new JsonObject { [_device] = "signed_curve25519" } } };
        if (await AskAsync(silo, HttpMethod.Post, "keys/claim", _alice, wanted) is { } answer)
            _claimed.Enqueue(Assert.Single(answer["one_time_keys"]!["@bob:localhost"]![_device]!.AsObject()).Key);
    }));

    /// <summary>What was acknowledged is there once, and the same on all silos.</summary>
    public async Task CheckAsync()
    {
        foreach (var (room, sent) in _rooms)
        {
            var orders = new List<List<(string Id, string Body)>>();
            foreach (var silo in _silos)
                orders.Add(await MessagesAsync(silo, room));
            Assert.All(orders, order => Assert.Equal(orders[0], order));
            Assert.Equal(sent.Order(StringComparer.Ordinal), orders[0].Select(static e => e.Id).Order(StringComparer.Ordinal));
            foreach (var one in orders[0].Select(static e => e.Body.Split('-')).GroupBy(static parts => parts[0], static parts => parts[1]))
                Assert.Equal(Enumerable.Range(0, one.Count()).Select(static i => $"{i}"), one);
        }

        Assert.Equal(_claimed.Order(StringComparer.Ordinal).Distinct(), _claimed.Order(StringComparer.Ordinal));
        for (var by = 0; by < _silos.Length; by++)
        {
            foreach (var silo in _silos)
            {
                var set = await silo.AskAsync(HttpMethod.Get, $"{Client}user/@alice:localhost/account_data/org.example.{by}", _alice);
                Assert.Equal(_accountData[by], set["i"]!.GetValue<long>());
            }
        }

        var received = new List<string>();
        var since = "";
        for (var i = 0; ; i++)
        {
            var sync = await _silos[i % _silos.Length].AskAsync(HttpMethod.Get, Client + "sync?timeout=0" + since, _bob);
            var messages = sync["to_device"]?["events"]?.AsArray() ?? [];
            if (messages.Count == 0)
                break;
            received.AddRange(messages.Select(static message => message!["content"]!["body"]!.GetValue<string>()));
            since = "&since=" + sync["next_batch"]!.GetValue<string>();
        }

        Assert.Equal(_toDevice.Order(StringComparer.Ordinal), received.Order(StringComparer.Ordinal));
    }

    private async Task<List<(string Id, string Body)>> MessagesAsync(MatrixHttp silo, string room)
    {
        var found = new List<(string, string)>();
        for (var from = ""; ;)
        {
            var path = $"{Client}rooms/{room}/messages?dir=f&limit=500{from}&filter={{\"types\":[\"m.room.message\"]}}";
            var page = await silo.AskAsync(HttpMethod.Get, path, _alice);
            found.AddRange(page["chunk"]!.AsArray().Select(static e => (e!["event_id"]!.GetValue<string>(), e["content"]!["body"]!.GetValue<string>())));
            if (page["end"] is not { } end || page["chunk"]!.AsArray().Count == 0)
                return found;
            from = "&from=" + end.GetValue<string>();
        }
    }

    /// <summary>Null: 503, or the silo's process has ended.</summary>
    private async Task<JsonNode?> AskAsync(int silo, HttpMethod method, string path, string token, JsonObject body)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            using var answer = await _silos[silo].SendAsync(method, Client + path, token, JsonContent.Create(body));
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
                return await MatrixHttp.ReadAsync(answer);
            Interlocked.Increment(ref _refused);
            return null;
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            return null;
        }
        finally
        {
            var took = Stopwatch.GetElapsedTime(began);
            lock (_gate)
                _longest = took > _longest ? took : _longest;
        }
    }

    /// <summary>Does one thing after the other, each until it is acknowledged.</summary>
    private sealed class Worker(int silo, Stopwatch clock, Func<int, Task<bool>> ask)
    {
        private long _answeredAt;
        private int _done;

        public int Silo => silo;
        public TimeSpan AnsweredAt => TimeSpan.FromTicks(Volatile.Read(ref _answeredAt));
        public int Done => Volatile.Read(ref _done);

        public async Task RunAsync(CancellationToken stop, CancellationToken failed)
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                for (var isDone = false; !isDone;)
                {
                    isDone = await ask(i);
                    Volatile.Write(ref _answeredAt, clock.Elapsed.Ticks);
                    await Task.Delay(s_pause, failed);
                }

                Interlocked.Increment(ref _done);
            }
        }
    }
}
