using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Federation.Signing;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Load.Federation;

/// <summary>A server that serves its keys and signs what a load sends; all else asked of it is answered by 404.</summary>
internal sealed class SyntheticOrigin : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpConnection _http;
    private readonly ServerName _destination;
    private readonly SigningKey _key;
    private RoomVersion _version = null!;
    private string _roomId = "";
    private string[] _authEvents = [];
    private Pdu _last = null!;

    private SyntheticOrigin(WebApplication app, SiloProcess silo, ServerName name, SigningKey key) =>
        (_app, _http, _destination, Name, _key) = (app, new HttpConnection(silo.Url), ServerName.Parse(silo.ServerName), name, key);

    public ServerName Name { get; }

    private string User => $"@load:{Name}";

    public static async Task<SyntheticOrigin> StartAsync(SiloProcess silo, TestAuthority authority, int number)
    {
        var port = SiloProcess.FreePort();
        var name = ServerName.Parse($"localhost:{port}");
        var seed = new byte[32];
        seed[0] = (byte)number;
        var key = SigningKey.FromSeed("load", seed);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.ListenLocalhost(port, listen => listen.UseHttps(authority.CertificatePath, TestAuthority.Password)));
        var app = builder.Build();
        var keys = ServerKeys.Build(name, [key], [], TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds());
        app.Run(async context =>
        {
            var isKeys = context.Request.Path == "/_matrix/key/v2/server";
            context.Response.StatusCode = isKeys ? (int)HttpStatusCode.OK : (int)HttpStatusCode.NotFound;
            await context.Response.Body.WriteAsync(isKeys ? keys : "{}"u8.ToArray());
        });
        await app.StartAsync();
        return new SyntheticOrigin(app, silo, name, key);
    }

    /// <summary>Joins the room; events go on top of the join.</summary>
    public async Task JoinAsync(string roomId, CancellationToken cancellationToken)
    {
        _roomId = roomId;
        var versions = string.Join('&', RoomVersion.All.Select(v => "ver=" + v.Id));
        var made = JsonNode.Parse(
            (await AskAsync("GET", $"/_matrix/federation/v1/make_join/{Uri.EscapeDataString(roomId)}/{Uri.EscapeDataString(User)}?{versions}", default,
            cancellationToken)).Span)!;
        if (!RoomVersion.TryGet(made["room_version"]!.GetValue<string>(), out _version!))
            throw new InvalidOperationException("unknown room version");
        var template = made["event"]!;
        var join = Build(EventTypes.Member, User, """{"membership":"join"}"""u8.ToArray(), Strings(template["prev_events"]!), Strings(template["auth_events"]!),
            template["depth"]!.GetValue<long>());
        var path = $"/_matrix/federation/v2/send_join/{Uri.EscapeDataString(roomId)}/{Uri.EscapeDataString(join.EventId)}";
        var sent = JsonNode.Parse((await AskAsync("PUT", path, join.Json, cancellationToken)).Span)!;
        var levels = sent["state"]!.AsArray()
            .Select(e => Pdu.Parse(Encoding.UTF8.GetBytes(e!.ToJsonString()), _version).TryGet(out var pdu, out _) ? pdu : null)
            .First(p => p?.Type == EventTypes.PowerLevels)!;
        // The create event is in no list of room version 12.
        var create = Strings(template["auth_events"]!).Where(id => sent["auth_chain"]!.AsArray().Concat(sent["state"]!.AsArray())
            .Any(e => e!["type"]!.GetValue<string>() == EventTypes.Create &&
            Pdu.Parse(Encoding.UTF8.GetBytes(e.ToJsonString()), _version).TryGet(out var pdu, out _) && pdu.EventId == id));
        _authEvents = [.. create, levels.EventId, join.EventId];
        _last = join;
    }

    /// <summary>Signed messages on top of each other.</summary>
    public List<Pdu> MakeMessages(int count)
    {
        var pdus = new List<Pdu>(count);
        for (var i = 0; i < count; i++)
        {
            var content = Encoding.UTF8.GetBytes($$"""{"body":"message {{i}} of a synthetic origin","msgtype":"m.text"}""");
            pdus.Add(_last = Build("m.room.message", null, content, [_last.EventId], _authEvents, _last.Depth + 1));
        }

        return pdus;
    }

    /// <summary>Sends events in one transaction; the number of those that were not accepted.</summary>
    public async Task<int> SendAsync(string transactionId, IEnumerable<Pdu> pdus, CancellationToken cancellationToken)
    {
        var body = $$"""{"origin":"{{Name}}","origin_server_ts":1,"pdus":[{{string.Join(',', pdus.Select(p => Encoding.UTF8.GetString(p.Json.Span)))}}]}""";
        var answer = JsonNode.Parse(
            (await AskAsync("PUT", "/_matrix/federation/v1/send/" + transactionId, Encoding.UTF8.GetBytes(body), cancellationToken)).Span)!;
        return answer["pdus"]!.AsObject().Count(p => p.Value!.AsObject().Count > 0);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static string[] Strings(JsonNode list) => [.. list.AsArray().Select(n => n!.GetValue<string>())];

    private Pdu Build(string type, string? stateKey, ReadOnlyMemory<byte> content, string[] prevEvents, string[] authEvents, long depth)
    {
        var built = new PduBuilder
        {
            Sender = User,
            Type = type,
            StateKey = stateKey,
            Content = content,
            RoomId = _roomId,
            PrevEvents = prevEvents,
            AuthEvents = authEvents,
            Depth = depth,
            OriginServerTs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
        }.Build(_version, Name, _key);
        return built.TryGet(out var pdu, out var error) ? pdu : throw new InvalidOperationException(error.Message);
    }

    private async Task<ReadOnlyMemory<byte>> AskAsync(string method, string target, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (!RequestSigning.Sign(method, target, Name, _destination, body, _key).TryGet(out var authorization, out var error))
            throw new InvalidOperationException(error.Message);
        var (status, answer) = await _http.SendAuthorizedAsync(method, target, authorization, body, cancellationToken);
        return status == 200 ? answer : throw new InvalidOperationException($"{method} {target}: {status} {Encoding.UTF8.GetString(answer.Span)}");
    }
}
