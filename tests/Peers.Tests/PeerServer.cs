using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OrleansMatrix.Federation.Signing;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Peers.Tests.Answering;
using OrleansMatrix.Peers.Tests.Asking;
using OrleansMatrix.Peers.Tests.Graph;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Peers.Tests;

/// <summary>
/// A homeserver in memory with an address and a key of its own: it makes, joins and keeps rooms, judges events and resolves states, and answers and asks other
/// servers as its character has it.
/// </summary>
internal sealed class PeerServer : IAsyncDisposable
{
    private const int MostDelayMs = 60;

    private readonly CancellationTokenSource _stop = new();
    private readonly Answers _answers;
    private readonly Random _random;
    private readonly Peer _http;

    private PeerServer(Peer http, Network network, Character character, int seed)
    {
        (_http, Network, Character, _random) = (http, network, character, new Random(seed));
        Keys = new ServerKeyRing(this);
        Users = new PeerUsers(this);
        Outbox = new Outbox(this);
        Inbound = new InboundEvents(this);
        Acts = new Acts(this);
        _answers = new Answers(this);
        http.Off("PUT /_matrix/federation/v1/send/");
        http.Off("GET /_matrix/key/v2/server");
        foreach (var beginning in new[] { "GET /", "PUT /", "POST /" })
            http.OnAsync(beginning, ServeAsync);
    }

    /// <summary>Held while rooms and users are read or changed; never while another server is asked.</summary>
    public Lock Gate { get; } = new();

    public ServerName ServerName => _http.Name;

    public string Name => _http.Name.Value;

    public Protocol.Signing.SigningKey Key => _http.Key;

    /// <summary>Signs as a policy server.</summary>
    public Protocol.Signing.SigningKey PolicyKey { get; } = Protocol.Signing.SigningKey.FromSeed("policy_server", new byte[32]);

    public Network Network { get; }

    public Character Character { get; }

    public Dictionary<string, GraphRoom> Rooms { get; } = new(StringComparer.Ordinal);

    public ServerKeyRing Keys { get; }

    /// <summary>It says that there is nothing in others' gaps.</summary>
    public bool HidesGaps { get; set; }

    /// <summary>It does not tell what allows an event.</summary>
    public bool HidesAuthEvents { get; set; }

    /// <summary>Lists of keys of other servers that it passes on as a notary.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> Vouched { get; } = new(StringComparer.Ordinal);

    public PeerUsers Users { get; }

    public Outbox Outbox { get; }

    public InboundEvents Inbound { get; }

    public Acts Acts { get; }

    /// <summary>What it answered others.</summary>
    public Operations Served { get; } = new();

    /// <summary>What it asked of the server under test.</summary>
    public Operations Called { get; } = new();

    /// <summary>The server whose answers are counted in <see cref="Called"/>.</summary>
    public string UnderTest { get; init; } = "";

    /// <summary>What others answered last where that was no success.</summary>
    public string Refusal { get; private set; } = "";

    public CancellationToken Stopped => _stop.Token;

    public static async Task<PeerServer> StartAsync(TestAuthority authority, string underTest, Network network, Character character, int seed) =>
        new(await Peer.StartAsync(authority, protocols: character == Character.Old ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2), network, character, seed)
        {
            UnderTest = underTest,
        };

    /// <summary>One of several choices of this server's own.</summary>
    public int Draw(int choices)
    {
        lock (_random)
            return _random.Next(choices);
    }

    /// <summary>Asks another server with a signed request.</summary>
    /// <exception cref="CutException">The network is cut, or the other server is gone.</exception>
    public async Task<Answer> AskAsync(string server, string method, string target, string? body = null)
    {
        var cut = Network.Between(Name, server);
        if (cut == Cut.Silent)
            await Network.HealedAsync(Stopped);
        if (cut is Cut.Silent or Cut.Refused)
            throw new CutException(Name, server);
        Answer answer;
        try
        {
            answer = await _http.AskAsync(ServerName.Parse(server), new HttpMethod(method), target, body);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            throw new CutException(Name, server);
        }

        if (cut == Cut.AnswerLost)
            throw new CutException(Name, server);
        if (answer.Status != 200)
            Refusal = $"{method} {target}: {answer.Status} {answer.Text}";
        if (server == UnderTest)
            Called.Count(method, Uri.UnescapeDataString(target.Split('?')[0]), answer.Status);
        return answer;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _http.DisposeAsync();
        _stop.Dispose();
    }

    private async Task<Answer> ServeAsync(PeerRequest request)
    {
        var header = XMatrixHeader.Parse(request.Authorization);

        // Only the server under test asks for anything without its signature: for keys.
        var cut = Network.Between(header?.Origin ?? UnderTest, Name);
        if (cut == Cut.Silent)
            await Network.HealedAsync(Stopped);
        if (cut is Cut.Silent or Cut.Refused)
            return Abort();
        var isForKeys = request.Line.Contains(" /_matrix/key/", StringComparison.Ordinal);
        if (header is not null && !isForKeys && !await Keys.IsSignedAsync(header, request))
            return Error(401, "M_UNAUTHORIZED");
        if (Character == Character.Slow)
            await Task.Delay(Draw(MostDelayMs), Stopped);
        var honest = await _answers.ToAsync(header?.Origin ?? "", request);
        var answer = Character == Character.Lying ? Lies.Instead(honest, request.Line, Draw) : honest;
        if (cut == Cut.AnswerLost)
            return Abort();
        if (header is null || header.Origin == UnderTest)
            Served.Count(request.Line.Split(' ')[0], request.Line[(request.Line.IndexOf(' ', StringComparison.Ordinal) + 1)..], answer.Status);
        return answer;
    }

    public static Answer Error(int status, string code) =>
        new(status, new JsonObject { ["errcode"] = code, ["error"] = code }.ToJsonString());

    private static Answer Abort() => new(0, "")
    {
        Write = static (response, _) =>
        {
            response.HttpContext.Abort();
            return Task.CompletedTask;
        },
    };
}
