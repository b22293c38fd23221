using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Federation.Signing;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Another server made by hand: it signs what a test wants, and answers what the test says.</summary>
public sealed class Peer : IAsyncDisposable
{
    private const int ChunkLength = 64 * 1024;
    private readonly WebApplication _app;
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, Func<PeerRequest, Task<Answer>>> _handlers = new(StringComparer.Ordinal);
    private int _transactions;

    private Peer(WebApplication app, HttpClient http, ServerName name, SigningKey key) => (_app, _http, Name, Key) = (app, http, name, key);

    public ServerName Name { get; }

    public SigningKey Key { get; }

    /// <summary>What was asked, as <c>GET path</c>, without queries.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>How often something was asked; what a server tells by itself, which may come at any time, is left out.</summary>
    public int Questions => Asked.Count(static line => !line.StartsWith("PUT ", StringComparison.Ordinal));

    /// <summary>What the newest request came by: HTTP/2 or HTTP/1.1.</summary>
    public string? Protocol { get; private set; }

    /// <param name="authority">
    /// Whose certificate it has, where the other server is a process that trusts that authority; null: that of <see cref="TestCertificate"/>.
    /// </param>
    /// <param name="number">Of its key.</param>
    /// <param name="protocols">What it speaks.</param>
    public static async Task<Peer> StartAsync(TestAuthority? authority = null, byte number = 9, HttpProtocols protocols = HttpProtocols.Http1AndHttp2)
    {
        var port = SiloProcess.FreePort();
        var certificate = authority is null ? TestCertificate.Create()
            : X509CertificateLoader.LoadPkcs12FromFile(authority.CertificatePath, TestAuthority.Password);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = protocols;
            listen.UseHttps(certificate);
        }));
        var app = builder.Build();
        var seed = new byte[32];
        seed[0] = number;
        var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions =
            {
                RemoteCertificateValidationCallback =
                    static (_, certificate, _, _) => certificate?.Subject is TestCertificate.Subject or TestAuthority.Subject,
            },
        });
        var peer = new Peer(app, http, ServerName.Parse(authority is null ? $"127.0.0.1:{port}" : $"localhost:{port}"), SigningKey.FromSeed("peer", seed));
        app.Run(peer.AnswerAsync);
        peer.On("GET /_matrix/key/v2/server", _ => new Answer(200, Encoding.UTF8.GetString(
            ServerKeys.Build(peer.Name, [peer.Key], [], TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds()))));
        peer.On("PUT /_matrix/federation/v1/send/", static _ => new Answer(200, """{"pdus":{}}"""));
        await app.StartAsync();
        return peer;
    }

    public string UserId(string localpart) => $"@{localpart}:{Name}";

    /// <summary>Says what is answered to requests whose method and path begin so; the longest beginning counts.</summary>
    public void On(string beginning, Func<PeerRequest, Answer> handler) => OnAsync(beginning, request => Task.FromResult(handler(request)));

    /// <inheritdoc cref="On(string, Func{PeerRequest, Answer})"/>
    public void OnAsync(string beginning, Func<PeerRequest, Task<Answer>> handler) => _handlers[beginning] = handler;

    /// <inheritdoc cref="On(string, Func{PeerRequest, Answer})"/>
    public void On(string beginning, Func<PeerRequest, JsonNode> handler) => On(beginning, request => new Answer(200, handler(request).ToJsonString()));

    public void Off(string beginning) => _handlers.TryRemove(beginning, out _);

    /// <summary>Sends a signed request.</summary>
    public Task<Answer> AskAsync(FederatingServer server, HttpMethod method, string target, string? json = null) =>
        AskAsync(server.FederationName, method, target, json);

    /// <inheritdoc cref="AskAsync(FederatingServer, HttpMethod, string, string?)"/>
    public async Task<Answer> AskAsync(ServerName server, HttpMethod method, string target, string? json = null)
    {
        // What cannot be signed comes with the signature of something else.
        var body = json is null ? [] : Encoding.UTF8.GetBytes(json);
        if (!RequestSigning.Sign(method.Method, target, Name, server, body, Key).TryGet(out var authorization, out _))
            Assert.True(RequestSigning.Sign(method.Method, target, Name, server, "{}"u8.ToArray(), Key).TryGet(out authorization, out _));
        using var request = new HttpRequestMessage(
            method, new Uri($"https://{server}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Sends events; gives the answer's <c>pdus</c>.</summary>
    public async Task<JsonObject> SendAsync(FederatingServer server, params Pdu[] pdus)
    {
        var body = new JsonObject { ["origin"] = Name.Value, ["origin_server_ts"] = 1, ["pdus"] = new JsonArray([.. pdus.Select(PeerRoom.Node)]) };
        var answer = await AskAsync(server, HttpMethod.Put, $"/_matrix/federation/v1/send/t{Interlocked.Increment(ref _transactions)}", body.ToJsonString());
        return answer.Ok()["pdus"]!.AsObject();
    }

    /// <summary>Joins a user of this server to a room through another server.</summary>
    public Task<PeerRoom> JoinAsync(FederatingServer server, string roomId, string localpart) => JoinAsync(server.FederationName, roomId, localpart);

    /// <inheritdoc cref="JoinAsync(FederatingServer, string, string)"/>
    public async Task<PeerRoom> JoinAsync(ServerName server, string roomId, string localpart)
    {
        var versions = string.Join('&', RoomVersion.All.Select(v => "ver=" + v.Id));
        var user = UserId(localpart);
        var made = (await AskAsync(
            server, HttpMethod.Get, $"/_matrix/federation/v1/make_join/{Uri.EscapeDataString(roomId)}/{Uri.EscapeDataString(user)}?{versions}")).Ok();
        Assert.True(RoomVersion.TryGet(made["room_version"]!.GetValue<string>(), out var version));
        var room = new PeerRoom(this, roomId, version);
        var template = made["event"]!;
        var join = room.Build(
            user, EventTypes.Member, user, """{"membership":"join"}""", PeerRoom.Strings(template["prev_events"]!), PeerRoom.Strings(template["auth_events"]!),
            template["depth"]!.GetValue<long>());
        var path = $"/_matrix/federation/v2/send_join/{Uri.EscapeDataString(roomId)}/{Uri.EscapeDataString(join.EventId)}";
        room.Adopt((await AskAsync(server, HttpMethod.Put, path, Encoding.UTF8.GetString(join.Json.Span))).Ok(), join);
        return room;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.ToUriComponent();
        var line = $"{context.Request.Method} {Uri.UnescapeDataString(path)}";
        Asked.Enqueue(line);
        Protocol = context.Request.Protocol;
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var beginning = _handlers.Keys.Where(b => line.StartsWith(b, StringComparison.Ordinal)).MaxBy(b => b.Length);
        var query = context.Request.Query;
        var request = new PeerRequest(line, [.. query["v"].OfType<string>(), .. query["event_id"].OfType<string>()], body)
        {
            Query = query.ToDictionary(q => q.Key, q => q.Value.ToString(), StringComparer.Ordinal),
            Authorization = context.Request.Headers.Authorization.ToString(),
            Target = context.Features.Get<IHttpRequestFeature>()!.RawTarget,
        };
        var answer = beginning is null ? new Answer(404, """{"errcode":"M_UNRECOGNIZED","error":"?"}""") : await _handlers[beginning](request);
        if (answer.Write is { } write)
        {
            await WriteAsync(context, write);
            return;
        }

        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        await context.Response.WriteAsync(answer.Text);
        if (answer.BreaksOff)
        {
            await context.Response.Body.FlushAsync();
            context.Abort();
        }

        if (answer.Endless is { } more)
            await WriteEndlessAsync(context, string.Concat(Enumerable.Repeat(more, Math.Max(1, ChunkLength / more.Length))));
    }

    private Task WriteEndlessAsync(HttpContext context, string chunk) => WriteAsync(context, async (response, gone) =>
    {
        while (!gone.IsCancellationRequested)
            await response.WriteAsync(chunk, gone);
    });

    private async Task WriteAsync(HttpContext context, Func<HttpResponse, CancellationToken, Task> write)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stop.Token);
            await write(context.Response, either.Token);
        }
        catch (OperationCanceledException)
        {
            // It has had enough.
        }
    }
}

/// <param name="Line">Method and path.</param>
/// <param name="EventIds">The queries <c>v</c> or <c>event_id</c>.</param>
public sealed record PeerRequest(string Line, IReadOnlyList<string> EventIds, string Body)
{
    /// <summary>The whole query; values of one name are put together with commas.</summary>
    public IReadOnlyDictionary<string, string> Query { get; init; } = new Dictionary<string, string>();

    /// <summary>The header of that name; empty for none.</summary>
    public string Authorization { get; init; } = "";

    /// <summary>Path and query as they came.</summary>
    public string Target { get; init; } = "";

    /// <summary>The last part of the path.</summary>
    public string Last => Line[(Line.LastIndexOf('/') + 1)..];

    public JsonNode Json => JsonNode.Parse(Body, documentOptions: new() { MaxDepth = 1000 })!;
}
