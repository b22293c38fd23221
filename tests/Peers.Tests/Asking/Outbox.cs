using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;

namespace OrleansMatrix.Peers.Tests.Asking;

/// <summary>What goes to other servers in transactions: in order, each again until it was taken.</summary>
internal sealed class Outbox(PeerServer server)
{
    private const int MaxPdus = 50;
    private const int MaxEdus = 100;
    private static readonly TimeSpan s_betweenTries = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<string, Destination> _destinations = new(StringComparer.Ordinal);

    /// <summary>Events that others refused, with what they said.</summary>
    public ConcurrentQueue<string> Refused { get; } = new();

    /// <summary>Everything was taken.</summary>
    public bool IsEmpty => _destinations.Values.All(static d => d.Items.IsEmpty);

    public void Send(IEnumerable<string> servers, bool isPdu, JsonNode item) => Send(servers, isPdu, item.ToJsonString());

    /// <param name="servers">To whom.</param>
    /// <param name="isPdu">An event; else something that is none.</param>
    /// <param name="json">As it is sent, readable or not.</param>
    public void Send(IEnumerable<string> servers, bool isPdu, string json)
    {
        foreach (var name in servers.Where(s => s != server.Name))
        {
            var destination = _destinations.GetOrAdd(name, static _ => new Destination());
            destination.Items.Enqueue((isPdu, json));
            if (Interlocked.Exchange(ref destination.Running, 1) == 0)
                _ = Task.Run(() => PumpAsync(name, destination));
        }
    }

    private async Task PumpAsync(string name, Destination destination)
    {
        while (!server.Stopped.IsCancellationRequested)
        {
            while (Next(destination) is { } batch)
            {
                while (!await SendAsync(name, destination, batch))
                    await Task.Delay(s_betweenTries, server.Stopped).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (server.Stopped.IsCancellationRequested)
                    return;
                for (var i = 0; i < batch.Count; i++)
                    destination.Items.TryDequeue(out _);
            }

            Interlocked.Exchange(ref destination.Running, 0);
            if (destination.Items.IsEmpty || Interlocked.Exchange(ref destination.Running, 1) != 0)
                return;
        }
    }

    private List<(bool IsPdu, string Json)>? Next(Destination destination)
    {
        var one = server.Character is Character.Slow;
        var (pdus, edus) = (0, 0);
        var batch = destination.Items.TakeWhile(i => (i.IsPdu ? ++pdus <= (one ? 1 : MaxPdus) : ++edus <= MaxEdus) && (!one || pdus + edus <= 1)).ToList();
        if (batch.Count == 0)
            return null;
        destination.Sent++;
        return batch;
    }

    private async Task<bool> SendAsync(string name, Destination destination, List<(bool IsPdu, string Json)> batch)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var body = string.Create(CultureInfo.InvariantCulture, $$"""
            {"origin":"{{server.Name}}","origin_server_ts":{{now}},"pdus":[{{List(batch, isPdu: true)}}],"edus":[{{List(batch, isPdu: false)}}]}
            """);
        try
        {
            var answer = await server.AskAsync(
                name, "PUT", string.Create(CultureInfo.InvariantCulture, $"/_matrix/federation/v1/send/t{destination.Sent}"), body);
            if (answer.Status == 200 && name == server.UnderTest)
            {
                foreach (var (id, result) in answer.Ok()["pdus"]!.AsObject().Where(static r => r.Value!["error"] is not null))
                    Refused.Enqueue($"{server.Name} to {name}: {id}: {result!["error"]}");
            }

            // What a liar sends may well be refused.
            return answer.Status == 200 || server.Character == Character.Lying || server.Stopped.IsCancellationRequested;
        }
        catch (Exception e) when (e is CutException or OperationCanceledException)
        {
            return server.Stopped.IsCancellationRequested;
        }
    }

    private static string List(List<(bool IsPdu, string Json)> batch, bool isPdu) =>
        string.Join(',', batch.Where(i => i.IsPdu == isPdu).Select(static i => i.Json));

    private sealed class Destination
    {
        public ConcurrentQueue<(bool IsPdu, string Json)> Items { get; } = new();

        public int Sent;

        public int Running;
    }
}
