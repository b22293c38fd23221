using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Fuzz.Tests;

/// <summary>A device of a user, guest or not, of the server under attack.</summary>
internal sealed class FuzzClient(HttpClient http)
{
    /// <summary>The password of every user.</summary>
    public const string Password = "fuzz";

    /// <summary>Every answer is there within this.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public TestUser User { get; private set; } = new("", "", "");

    public string Room { get; set; } = "";

    public async Task RegisterAsync(string name, bool guest = false)
    {
        var body = guest ? "{}" : $$$"""{"username":"{{{name}}}","password":"{{{Password}}}","auth":{"type":"m.login.dummy"}}""";
        Adopt((await AskAsync("POST", "v3/register" + (guest ? "?kind=guest" : ""), body)).Ok());
    }

    public async Task LogInAsync(string userId) => Adopt((await AskAsync(
        "POST", "v3/login", $$$"""{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{{userId}}}"},"password":"{{{Password}}}"}""")).Ok());

    /// <summary>Asks for a path below <c>/_matrix/client/</c>.</summary>
    public Task<Answer> AskAsync(string method, string path, string? json = null) => SendAsync(Request(method, "/_matrix/client/" + path, json));

    /// <summary>A request with this device's access token.</summary>
    public HttpRequestMessage Request(string method, string target, string? json)
    {
        var uri = new Uri(http.BaseAddress!.ToString().TrimEnd('/') + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(new HttpMethod(method), uri);
        if (User.Token.Length > 0)
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + User.Token);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return request;
    }

    /// <exception cref="TimeoutException">No answer came in time.</exception>
    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                using var response = await http.SendAsync(request);
                return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync());
            }
            catch (OperationCanceledException e)
            {
                throw new TimeoutException($"no answer within {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s", e);
            }
        }
    }

    private void Adopt(JsonNode answer) =>
        User = new TestUser(answer["user_id"]!.GetValue<string>(), answer["access_token"]!.GetValue<string>(), answer["device_id"]!.GetValue<string>());
}
