using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>What a client asks of a silo or a gateway.</summary>
internal class MatrixHttp(HttpClient http)
{
    public HttpClient Http => http;

    /// <summary>The access token of a new user.</summary>
    public async Task<string> RegisterAsync(string name)
    {
        var body = new JsonObject { ["username"] = name, ["password"] = "a long password", ["auth"] = new JsonObject { ["type"] = "m.login.dummy" } };
        using var answer = await SendAsync(HttpMethod.Post, "/_matrix/client/v3/register", null, JsonContent.Create(body));
        return (await ReadAsync(answer))["access_token"]!.GetValue<string>();
    }

    /// <summary>Asks for JSON; whatever is not a success fails the test.</summary>
    public async Task<JsonNode> AskAsync(HttpMethod method, string path, string? token = null, JsonObject? body = null)
    {
        using var answer = await SendAsync(method, path, token, body is null ? null : JsonContent.Create(body));
        return await ReadAsync(answer);
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token = null, HttpContent? content = null) =>
        SendAsync(method, new Uri(path, UriKind.Relative), token, content);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri path, string? token, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>Stores media; their server and id.</summary>
    public async Task<string> UploadAsync(string token, byte[] content, string type = "application/octet-stream")
    {
        using var body = new ByteArrayContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var answer = await SendAsync(HttpMethod.Post, "/_matrix/media/v3/upload", token, body);
        return (await ReadAsync(answer))["content_uri"]!.GetValue<string>()["mxc://".Length..];
    }

    /// <summary>The server's signing key, as it publishes it.</summary>
    public async Task<string> PublishedKeyAsync()
    {
        var keys = (await AskAsync(HttpMethod.Get, "/_matrix/key/v2/server"))["verify_keys"]!.AsObject();
        var (keyId, key) = Assert.Single(keys);
        return $"{keyId} {key!["key"]!.GetValue<string>()}";
    }

    /// <summary>The JSON of a success; anything else fails the test.</summary>
    public static async Task<JsonNode> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.RequestMessage?.RequestUri}: {(int)answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }
}
