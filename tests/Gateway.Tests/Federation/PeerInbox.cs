using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>What a <see cref="Peer"/> is sent in transactions.</summary>
public sealed class PeerInbox
{
    private readonly Channel<JsonNode> _edus = Channel.CreateUnbounded<JsonNode>();
    private readonly Peer _peer;
    private int _edusSent;

    public PeerInbox(Peer peer)
    {
        _peer = peer;
        peer.On("PUT /_matrix/federation/v1/send/", Take);
    }

    /// <summary>Says what is answered to a transaction; null: it is taken.</summary>
    public Func<JsonNode, Answer?> Refuse { get; set; } = static _ => null;

    /// <summary>The transactions that were taken, by their ids.</summary>
    public ConcurrentQueue<(string Id, JsonNode Body)> Taken { get; } = new();

    /// <summary>How many transactions came, refused ones included.</summary>
    public int Count { get; private set; }

    /// <summary>The events that were taken.</summary>
    public IReadOnlyList<JsonNode> Pdus => [.. Taken.SelectMany(t => t.Body["pdus"]!.AsArray()).Select(p => p!)];

    /// <summary>The content of the next EDU of the type; others are passed over.</summary>
    public async Task<JsonNode> NextAsync(string type)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        await foreach (var edu in _edus.Reader.ReadAllAsync(patience.Token))
        {
            if (edu["edu_type"]!.GetValue<string>() == type)
                return edu["content"]!;
        }

        throw new InvalidOperationException("The inbox is closed");
    }

    /// <summary>The types of EDUs that came and were not asked for.</summary>
    public IReadOnlyList<string> Rest()
    {
        var types = new List<string>();
        while (_edus.Reader.TryRead(out var edu))
            types.Add(edu["edu_type"]!.GetValue<string>());
        return types;
    }

    /// <summary>Sends an EDU to the server.</summary>
    public async Task SendAsync(FederatingServer server, string type, string content, string? transactionId = null)
    {
        var id = transactionId ?? $"edu{Interlocked.Increment(ref _edusSent)}";
        var body = $$"""{"origin":"{{_peer.Name}}","origin_server_ts":1,"pdus":[],"edus":[{"edu_type":"{{type}}","content":{{content}} }]}""";
        (await _peer.AskAsync(server, HttpMethod.Put, $"/_matrix/federation/v1/send/{id}", body)).Ok();
    }

    /// <summary>
    /// Moves the clock until the condition holds, but not while the server waits for another: on a busy machine its time would be up before it has an answer.
    /// </summary>
    public static async Task AdvanceUntilAsync(FederatingServer server, TimeSpan step, Func<bool> condition)
    {
        for (var i = 0; i < 2000 && !condition(); i++)
        {
            if (server.UnderWay == 0)
                server.Clock!.Advance(step);
            await Task.Delay(10);
        }

        Assert.True(condition());
    }

    private Answer Take(PeerRequest request)
    {
        var body = request.Json;
        Count++;
        if (Refuse(body) is { } refused)
            return refused;
        Taken.Enqueue((request.Last, body));
        foreach (var edu in body["edus"]?.AsArray() ?? [])
            _edus.Writer.TryWrite(edu!.DeepClone());
        return new Answer(200, """{"pdus":{}}""");
    }
}
