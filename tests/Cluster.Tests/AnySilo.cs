using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>A user of a server of several silos, whichever takes a request. One that fails is repeated elsewhere, as clients do.</summary>
internal sealed class AnySilo : IDisposable
{
    private const string Client = "/_matrix/client/v3/";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);
    private readonly ConcurrentDictionary<SiloProcess, bool> _up = new();
    private readonly ConcurrentBag<TimeSpan> _times = [];
    private readonly HttpClient _http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1) })
    {
        Timeout = TimeSpan.FromSeconds(40),
    };

    private string _token = "";
    private int _failures;

    public AnySilo(IEnumerable<SiloProcess> silos)
    {
        foreach (var silo in silos)
            Add(silo);
    }

    /// <summary>Requests that were not answered, or by 503.</summary>
    public int Failures => _failures;

    /// <summary>The longest time of a request that was answered.</summary>
    public TimeSpan Longest => _times.Max();

    /// <summary>As a load balancer does for a process that is ready.</summary>
    public void Add(SiloProcess silo) => _up[silo] = true;

    /// <summary>As it does for one that is not, or is to be stopped.</summary>
    public void Remove(SiloProcess silo) => _up.TryRemove(silo, out _);

    /// <summary>Makes an account; what is asked from here on is asked by it.</summary>
    public async Task RegisterAsync(string name)
    {
        var body = new JsonObject { ["username"] = name, ["password"] = "a long password", ["auth"] = new JsonObject { ["type"] = "m.login.dummy" } };
        _token = (await AskAsync(HttpMethod.Post, "register", body))["access_token"]!.GetValue<string>();
    }

    /// <summary>Asks one silo after the other until one answers.</summary>
    public async Task<JsonNode> AskAsync(HttpMethod method, string path, JsonObject? body = null)
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

    public void Dispose() => _http.Dispose();
}
