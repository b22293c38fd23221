using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Silo.Tests;

/// <summary>What a client asks of a server that runs as a process.</summary>
internal static class SiloRequests
{
    /// <summary>A new user, logged in.</summary>
    public static async Task<(string UserId, string Token)> RegisterAsync(SiloProcess silo, string name)
    {
        var body = new JsonObject { ["username"] = name, ["password"] = "a long password", ["auth"] = new JsonObject { ["type"] = "m.login.dummy" } };
        var answer = await Ask(silo, null, HttpMethod.Post, "register", body);
        return (answer["user_id"]!.GetValue<string>(), answer["access_token"]!.GetValue<string>());
    }

    /// <summary>Asks once; whatever is not a success fails the test, with what the server logged.</summary>
    public static async Task<JsonNode> Ask(SiloProcess silo, string? token, HttpMethod method, string path, JsonObject? body = null)
    {
        using var request = new HttpRequestMessage(method, "/_matrix/client/v3/" + path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null)
            request.Content = JsonContent.Create(body.DeepClone());
        using var answer = await silo.Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {text}\n{silo.Log}");
        return JsonNode.Parse(text)!;
    }
}
