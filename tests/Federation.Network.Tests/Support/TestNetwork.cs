using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Federation.Network.Tests.Support;

/// <summary>
/// Links several servers of this process; they know each other by name only. All share one clock, which stands still unless a test lets it go on.
/// </summary>
public sealed class TestNetwork
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private readonly ConcurrentDictionary<(string From, string To), Link> _links = new();
    private readonly ConcurrentDictionary<string, NetworkServer> _servers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<HttpRequestMessage, string> _underWay = new();

    public TestClock Clock { get; } = new();

    /// <summary>The way from one server to another.</summary>
    public Link this[NetworkServer from, NetworkServer to] => this[from.NameText, to.NameText];

    internal Link this[string from, string to] => _links.GetOrAdd((from, to), static _ => new Link());

    public void Add(NetworkServer server) => _servers[server.NameText] = server;

    /// <summary>Cuts both ways.</summary>
    public void Cut(NetworkServer one, NetworkServer other) => this[one, other].IsCut = this[other, one].IsCut = true;

    /// <summary>Everything arrives once, everywhere.</summary>
    public void Heal()
    {
        foreach (var link in _links.Values)
            link.Heal();
    }

    /// <summary>
    /// Waits until nothing is on its way and nothing waits to be sent between these servers or to be judged. Retries come due because the clock goes on
    /// meanwhile.
    /// </summary>
    public async Task SettleAsync(params IReadOnlyCollection<NetworkServer> servers)
    {
        var names = servers.Select(s => s.NameText).ToHashSet(StringComparer.Ordinal);
        var quiet = 0;
        for (var started = Stopwatch.GetTimestamp(); quiet < 3;)
        {
            var waiting = new List<string>();
            foreach (var server in servers)
            {
                waiting.AddRange((await server.Storage.Outbox.DestinationsWithQueueAsync()).Where(names.Contains).Select(to => $"{server.NameText} to {to}"));
                waiting.AddRange((await server.Storage.StagedPdus.RoomsAsync()).Select(room => $"{server.NameText} to judge events of {room}"));
            }

            quiet = waiting.Count == 0 && _underWay.IsEmpty ? quiet + 1 : 0;
            Assert.True(Stopwatch.GetElapsedTime(started) < s_patience,
                $"Nothing came to rest: {string.Join(", ", waiting)}; under way: {string.Join(", ", _underWay.Values)}\n{Faults()}");
            await StepAsync();
        }
    }

    /// <summary>Asks again and again until the answer is yes; the clock goes on meanwhile.</summary>
    public async Task UntilAsync(Func<Task<bool>> isSo, string what, int stepSeconds = 1)
    {
        for (var started = Stopwatch.GetTimestamp(); !await isSo();)
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < s_patience, $"It did not come: {what}\n{Faults()}");
            await StepAsync(stepSeconds);
        }
    }

    /// <summary>A moment of real time and, unless a request is under way, whose time-out would come nearer, some seconds of the clock.</summary>
    public async Task StepAsync(int seconds = 1)
    {
        if (_underWay.IsEmpty)
            Clock.Advance(TimeSpan.FromSeconds(seconds));
        await Task.Delay(2);
    }

    /// <summary>What the servers logged as faults.</summary>
    public string Faults() => string.Join('\n', _servers.Values.Select(s => s.Faults).Where(f => f.Length > 0));

    internal async Task<HttpResponseMessage> SendAsync(string from, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var to = request.Headers.Host!;
        var link = this[from, to];
        var body = request.Content is null ? null : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        await link.PassAsync(cancellationToken);
        if (link.IsCut || !_servers.TryGetValue(to, out var server))
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"{to} cannot be reached");
        if (link.Answer?.Invoke(request) is { } answer)
            return answer;
        _underWay[request] = $"{from} to {to} {request.Method} {request.RequestUri!.PathAndQuery}";
        try
        {
            var (twice, loseResponse) = link.Next();
            if (twice)
                (await server.DeliverAsync(request, body, cancellationToken)).Dispose();
            var response = await server.DeliverAsync(request, body, cancellationToken);
            if (!loseResponse)
                return response;
            response.Dispose();
            throw new HttpRequestException(HttpRequestError.ResponseEnded, $"the response of {to} was lost");
        }
        finally
        {
            _underWay.TryRemove(request, out _);
        }
    }
}
