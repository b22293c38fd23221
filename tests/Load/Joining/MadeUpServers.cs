using System.Globalization;
using System.Net.Http.Headers;
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

namespace OrleansMatrix.Load.Joining;

/// <summary>
/// Servers that have keys and users and nothing else: they publish their keys, take all that is sent, and let their users join a room by events that they sign.
/// All listen in this process, each on a port of its own.
/// </summary>
internal sealed class MadeUpServers : IAsyncDisposable
{
    private const int PerTransaction = 50;
    private readonly WebApplication _app;
    private readonly HttpClient _http;
    private readonly (ServerName Name, SigningKey Key)[] _servers;

    private MadeUpServers(WebApplication app, HttpClient http, (ServerName, SigningKey)[] servers) => (_app, _http, _servers) = (app, http, servers);

    public static async Task<MadeUpServers> StartAsync(int count, TestAuthority authority, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var servers = new (ServerName Name, SigningKey Key)[count];
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            for (var i = 0; i < count; i++)
            {
                var port = SiloProcess.FreePort();
                kestrel.ListenLocalhost(port, listen => listen.UseHttps(authority.CertificatePath, TestAuthority.Password));
                servers[i] = (ServerName.Parse(string.Create(CultureInfo.InvariantCulture, $"localhost:{port}")),
                    SigningKey.FromSeed("load", Enumerable.Repeat((byte)(i + 1), 32).ToArray()));
            }
        });
        var app = builder.Build();
        app.Run(async context =>
        {
            var own = servers.First(s => s.Name.Value.EndsWith(":" + context.Connection.LocalPort, StringComparison.Ordinal));
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(context.Request.Path == "/_matrix/key/v2/server"
                ? ServerKeys.Build(own.Name, [own.Key], [], DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds())
                : "{}"u8.ToArray());
        });
        await app.StartAsync(cancellationToken);
        var http = new HttpClient(
            new SocketsHttpHandler
            {
                SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) =>
            certificate?.Subject == "CN=localhost" }
            })
        { Timeout = TimeSpan.FromMinutes(5) };
        return new MadeUpServers(app, http, servers);
    }

    /// <summary>Joins users to a public room of a server, one after the other in one line of history.</summary>
    public async Task JoinAsync(string server, string roomId, int members, CancellationToken cancellationToken)
    {
        var versions = string.Join('&', RoomVersion.All.Select(v => "ver=" + v.Id));
        var made = await SendAsync(HttpMethod.Get, server,
            $"/_matrix/federation/v1/make_join/{Uri.EscapeDataString(roomId)}/{Uri.EscapeDataString(UserId(0))}?{versions}", null, cancellationToken);
        if (!RoomVersion.TryGet(made["room_version"]!.GetValue<string>(), out var version))
            throw new InvalidOperationException("unknown room version");
        string[] Ids(string name) => [.. made["event"]![name]!.AsArray().Select(id => id!.GetValue<string>())];
        var (auth, previous, depth) = (Ids("auth_events"), Ids("prev_events"), made["event"]!["depth"]!.GetValue<long>());
        for (var done = 0; done < members; done += PerTransaction)
        {
            var pdus = new StringBuilder();
            for (var i = done; i < Math.Min(done + PerTransaction, members); i++)
            {
                var (name, key) = _servers[i % _servers.Length];
                var join = new PduBuilder
                {
                    Sender = UserId(i),
                    Type = EventTypes.Member,
                    StateKey = UserId(i),
                    Content = Encoding.UTF8.GetBytes(
                    $$"""{"avatar_url":"mxc://{{name}}/abcdefghijklmnopqrstuvwx","displayname":"Member {{i}}","membership":"join"}"""),
                    RoomId = roomId,
                    PrevEvents = previous,
                    AuthEvents = auth,
                    Depth = depth++,
                    OriginServerTs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
                }.Build(version, name, key).Value;
                previous = [join.EventId];
                pdus.Append(pdus.Length == 0 ? "" : ",").Append(Encoding.UTF8.GetString(join.Json.Span));
            }

            var answer = await SendAsync(
                HttpMethod.Put, server, $"/_matrix/federation/v1/send/{done}", $$"""{"origin":"{{_servers[0].Name}}","origin_server_ts":1,"pdus":[{{pdus}}]}""",
                cancellationToken);
            if (answer["pdus"]!.AsObject().FirstOrDefault(p => p.Value!["error"] is not null) is { Key: not null } failed)
                throw new InvalidOperationException($"{failed.Key}: {failed.Value}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    private string UserId(int number) => string.Create(CultureInfo.InvariantCulture, $"@member{number}:{_servers[number % _servers.Length].Name}");

    private async Task<JsonNode> SendAsync(HttpMethod method, string server, string target, string? json, CancellationToken cancellationToken)
    {
        var (name, key) = _servers[0];
        var body = json is null ? [] : Encoding.UTF8.GetBytes(json);
        using var request = new HttpRequestMessage(method, new Uri($"https://{server}{target}"));
        request.Headers.TryAddWithoutValidation("Authorization", RequestSigning.Sign(method.Method, target, name, ServerName.Parse(server), body, key).Value);
        if (json is not null)
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var answer = await _http.SendAsync(request, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{method} {target}: {(int)answer.StatusCode} {text}");
    }
}
