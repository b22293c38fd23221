using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansMatrix.Load;

/// <summary>As much of the client API as the load needs, for one user on one connection.</summary>
internal sealed class MatrixClient(Uri server, IPAddress? from = null) : IDisposable
{
    private readonly HttpConnection _http = new(server, from);

    public string? Token { get; set; }
    public string UserId { get; private set; } = "";

    /// <summary>Registers through the dummy stage, or the registration token stage if a token is given.</summary>
    public async Task RegisterAsync(string name, string? registrationToken, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["username"] = name, ["password"] = "load-" + name };
        var (status, answer) = await _http.SendAsync("POST", "/_matrix/client/v3/register", null, Utf8(body), cancellationToken);
        if (status == 401)
        {
            var session = JsonNode.Parse(answer.Span)!["session"]!.GetValue<string>();
            body["auth"] = registrationToken is null
                ? new JsonObject { ["type"] = "m.login.dummy", ["session"] = session }
                : new JsonObject { ["type"] = "m.login.registration_token", ["token"] = registrationToken, ["session"] = session };
            (status, answer) = await _http.SendAsync("POST", "/_matrix/client/v3/register", null, Utf8(body), cancellationToken);
        }
        Require(status, answer, "register");
        var result = JsonNode.Parse(answer.Span)!;
        (Token, UserId) = (result["access_token"]!.GetValue<string>(), result["user_id"]!.GetValue<string>());
    }

    public async Task<string> CreateRoomAsync(CancellationToken cancellationToken)
    {
        var (status, answer) =
            await _http.SendAsync("POST", "/_matrix/client/v3/createRoom", Token, """{"preset":"public_chat"}"""u8.ToArray(), cancellationToken);
        Require(status, answer, "createRoom");
        return JsonNode.Parse(answer.Span)!["room_id"]!.GetValue<string>();
    }

    /// <param name="via">A server that is in the room.</param>
    public async Task JoinAsync(string roomId, CancellationToken cancellationToken, string? via = null)
    {
        var query = via is null ? "" : "?server_name=" + via;
        var (status, answer) =
            await _http.SendAsync("POST", $"/_matrix/client/v3/join/{Uri.EscapeDataString(roomId)}{query}", Token, "{}"u8.ToArray(), cancellationToken);
        Require(status, answer, "join");
    }

    public Task<(int Status, ReadOnlyMemory<byte> Body)> SendMessageAsync(
        string escapedRoomId, string transactionId, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        _http.SendAsync("PUT", $"/_matrix/client/v3/rooms/{escapedRoomId}/send/m.room.message/{transactionId}", Token, content, cancellationToken);

    /// <summary>True if the user can read the event.</summary>
    public async Task<bool> HasEventAsync(string escapedRoomId, string eventId, CancellationToken cancellationToken) =>
        (await _http.SendAsync(
            "GET", $"/_matrix/client/v3/rooms/{escapedRoomId}/event/{Uri.EscapeDataString(eventId)}", Token, default, cancellationToken)).Status == 200;

    /// <summary>A page of the room's history from its end on back; null: from the end.</summary>
    public async Task<JsonDocument> MessagesAsync(string escapedRoomId, string? from, CancellationToken cancellationToken)
    {
        var query = "?dir=b&limit=1000" + (from is null ? "" : "&from=" + from);
        var (status, answer) = await _http.SendAsync("GET", $"/_matrix/client/v3/rooms/{escapedRoomId}/messages{query}", Token, default, cancellationToken);
        Require(status, answer, "messages");
        return JsonDocument.Parse(answer.ToArray());
    }

    /// <param name="limit">Events of a timeline.</param>
    public async Task<JsonDocument> SyncAsync(string? since, int timeoutMs, CancellationToken cancellationToken, int limit = 1000)
    {
        var query = $"?timeout={timeoutMs}&filter=%7B%22room%22%3A%7B%22timeline%22%3A%7B%22limit%22%3A{limit}%7D%7D%7D" +
            (since is null ? "" : "&since=" + since);
        var (status, answer) = await _http.SendAsync("GET", "/_matrix/client/v3/sync" + query, Token, default, cancellationToken);
        Require(status, answer, "sync");
        return JsonDocument.Parse(answer.ToArray());
    }

    private static byte[] Utf8(JsonNode node) => Encoding.UTF8.GetBytes(node.ToJsonString());

    private static void Require(int status, ReadOnlyMemory<byte> answer, string what)
    {
        if (status != 200)
            throw new InvalidOperationException($"{what}: {status} {Encoding.UTF8.GetString(answer.Span)}");
    }

    public void Dispose() => _http.Dispose();
}
