using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansMatrix.Gateway.Tests.Support;

/// <summary>A user's device that talks to the server. Paths are below <c>/_matrix/client/</c>, or absolute from <c>/</c>.</summary>
public sealed class TestClient(MatrixTestServer server, HttpClient http, string userId, string deviceId, string? accessToken)
{
    public const string Password = "correct horse battery staple";

    public string UserId { get; } = userId;

    public string DeviceId { get; } = deviceId;

    public string? AccessToken { get; } = accessToken;

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<Answer> PostAsync(string path, string json = "{}") => SendAsync(HttpMethod.Post, path, json);

    public Task<Answer> PutAsync(string path, string json = "{}") => SendAsync(HttpMethod.Put, path, json);

    public Task<Answer> DeleteAsync(string path, string? json = null) => SendAsync(HttpMethod.Delete, path, json);

    /// <summary>Makes a room and gives its id.</summary>
    public async Task<string> CreateRoomAsync(string json = "{}") => (await PostAsync("v3/createRoom", json)).Ok("room_id");

    /// <summary>Joins a room.</summary>
    public async Task JoinAsync(string roomId) => (await PostAsync($"v3/join/{Uri.EscapeDataString(roomId)}")).Ok();

    /// <summary>Sends a text message and gives its event id.</summary>
    public async Task<string> SendTextAsync(string roomId, string text, string? transactionId = null) => (await PutAsync(
        $"v3/rooms/{Uri.EscapeDataString(roomId)}/send/m.room.message/{transactionId ?? Guid.NewGuid().ToString("N")}",
        new JsonObject { ["msgtype"] = "m.text", ["body"] = text }.ToJsonString())).Ok("event_id");

    private async Task<Answer> SendAsync(HttpMethod method, string path, string? json)
    {
        using var request = new HttpRequestMessage(method, new Uri(server.Url, path.StartsWith('/') ? path : "/_matrix/client/" + path));
        if (AccessToken is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", AccessToken);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode != 500, $"{method} {path}: 500\n{server.Faults}");
        return new Answer((int)response.StatusCode, text);
    }
}
