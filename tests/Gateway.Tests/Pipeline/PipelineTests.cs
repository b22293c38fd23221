using System.Text;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

public sealed class PipelineTests(OpenServer fixture) : IClassFixture<OpenServer>
{
    private const string Versions = "/_matrix/client/versions";
    private const string Login = "/_matrix/client/v3/login";
    private const string WhoAmI = "/_matrix/client/v3/account/whoami";
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Versions_are_listed_up_to_the_newest_with_the_exact_content_type()
    {
        var answer = await _server.GetAsync(Versions);
        answer.AssertOk();
        Assert.Equal("application/json", answer.ContentType);
        var versions = answer.Json.GetProperty("versions").EnumerateArray().Select(static v => v.GetString()).ToList();
        Assert.Contains("r0.6.1", versions);
        Assert.Equal("v1.19", versions[^1]);
    }

    [Theory]
    [InlineData("GET", "/_matrix/client/v3/nonsense")]
    [InlineData("POST", "/_matrix/nonsense")]
    [InlineData("GET", "/_matrix")]
    [InlineData("PUT", "/_matrix/client/unstable/org.example/x")]
    public async Task Unknown_paths_are_unrecognized(string method, string path) =>
        (await _server.SendAsync(method, path, "{}")).AssertError(404, "M_UNRECOGNIZED");

    [Theory]
    [InlineData("PUT", Versions)]
    [InlineData("DELETE", Login)]
    [InlineData("GET", "/_matrix/client/v3/register")]
    [InlineData("PATCH", Versions)]
    public async Task Wrong_methods_are_not_allowed(string method, string path) =>
        (await _server.SendAsync(method, path, "{}")).AssertError(405, "M_UNRECOGNIZED");

    [Theory]
    [InlineData("GET", Versions, 200)]
    [InlineData("GET", WhoAmI, 401)]
    [InlineData("GET", "/_matrix/client/v3/nonsense", 404)]
    [InlineData("OPTIONS", WhoAmI, 204)]
    [InlineData("OPTIONS", "/_matrix/media/v3/upload", 204)]
    [InlineData("GET", "/.well-known/matrix/client", 404)]
    public async Task All_answers_may_be_read_by_web_clients(string method, string path, int status)
    {
        var answer = await _server.SendAsync(method, path);
        Assert.Equal(status, answer.Status);
        Assert.Equal("*", answer.Headers["Access-Control-Allow-Origin"]);
        Assert.Equal("GET, HEAD, POST, PUT, DELETE, OPTIONS", answer.Headers["Access-Control-Allow-Methods"]);
        Assert.Equal("X-Requested-With, Content-Type, Authorization", answer.Headers["Access-Control-Allow-Headers"]);
    }

    [Fact]
    public async Task HEAD_is_GET_without_the_body()
    {
        var head = await _server.SendAsync("HEAD", Versions);
        Assert.Equal((200, 0), (head.Status, head.Body.Length));
        Assert.Equal((await _server.GetAsync(Versions)).Headers["Content-Length"], head.Headers["Content-Length"]);
    }

    [Fact]
    public async Task A_token_comes_in_the_header_or_the_query()
    {
        var user = await _server.RegisterAsync("pipe_token");
        (await _server.GetAsync(WhoAmI, user.Token)).AssertOk();
        (await _server.GetAsync($"{WhoAmI}?access_token={user.Token}")).AssertOk();
        (await _server.GetAsync(WhoAmI)).AssertError(401, "M_MISSING_TOKEN");
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("om_")]
    [InlineData("om__")]
    [InlineData("om_%%%_x")]
    [InlineData("om_YWxpY2U_x")]
    [InlineData("om_AAAA_x")]
    [InlineData("om_YTpiOmM_x")]
    public async Task Tokens_that_were_never_given_are_unknown(string token)
    {
        var answer = await _server.GetAsync(WhoAmI + "?access_token=" + Uri.EscapeDataString(token));
        answer.AssertError(401, "M_UNKNOWN_TOKEN");
    }

    [Fact]
    public async Task A_token_of_extreme_length_is_unknown() =>
        (await _server.GetAsync(WhoAmI, "om_" + new string('A', 10_000) + "_x")).AssertError(401, "M_UNKNOWN_TOKEN");

    [Theory]
    [InlineData("", "M_NOT_JSON")]
    [InlineData("{", "M_NOT_JSON")]
    [InlineData("{}x", "M_NOT_JSON")]
    [InlineData("{'a':1}", "M_NOT_JSON")]
    [InlineData("{\"a\":1,}", "M_NOT_JSON")]
    [InlineData("{\"a\":NaN}", "M_NOT_JSON")]
    [InlineData("{\"type\":\"\\ud800\"}", "M_BAD_JSON")]
    [InlineData("{\"\\udc00\":1}", "M_BAD_JSON")]
    [InlineData("{\"a\":\"\\ud800\\u0041\"}", "M_BAD_JSON")]
    [InlineData("{\"a\":1e400}", "M_BAD_JSON")]
    [InlineData("\"text\"", "M_BAD_JSON")]
    [InlineData("null", "M_BAD_JSON")]
    [InlineData("{\"type\":\"a\\u0000b\"}", "M_INVALID_PARAM")]
    public async Task What_is_no_JSON_object_is_refused(string body, string errCode) => (await _server.PostAsync(Login, body)).AssertError(400, errCode);

    [Fact]
    public async Task Extreme_depth_is_refused() =>
        (await _server.PostAsync(Login, $"{{\"a\":{new string('[', 100_000)}{new string(']', 100_000)}}}")).AssertError(400, "M_BAD_JSON");

    [Fact]
    public async Task Invalid_UTF8_is_not_JSON()
    {
        foreach (var body in new[] { [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d], "{\"a\":\"\xc3\xa9"u8.ToArray() })
        {
            using var content = new ByteArrayContent(body);
            (await _server.SendAsync("POST", Login, content)).AssertError(400, "M_NOT_JSON");
        }
    }

    [Fact]
    public async Task Escaped_pairs_duplicate_keys_and_other_content_types_are_fine()
    {
        await _server.RegisterAsync("pipe_json");
        using var content = new StringContent(
            """{"type":"x","type":"m.login.password","identifier":{"type":"m.id.user","user":"pipe_json"},"password":"secret","initial_device_display_name":"\ud83d\ude00 \\ud800"}""",
            Encoding.UTF8, "text/plain");
        (await _server.SendAsync("POST", Login, content)).AssertOk();
    }

    [Fact]
    public async Task A_body_over_the_limit_is_too_large()
    {
        using var large = new StringContent("{\"type\":\"" + new string('x', 1024 * 1024) + "\"}");
        (await _server.SendAsync("POST", Login, large)).AssertError(413, "M_TOO_LARGE");
    }

    [Theory]
    [InlineData("a%2Fb")]
    [InlineData("a%252Fb")]
    [InlineData("%F0%9F%98%80%20+x")]
    [InlineData("a%3Ab%40c")]
    public async Task Path_parameters_are_decoded_once(string encoded)
    {
        var user = await _server.RegisterAsync("pipe_path" + Convert.ToHexStringLower(Encoding.UTF8.GetBytes(encoded)));
        var login = await _server.PostAsync(Login, Bodies.Login(user.Id, more: $$$""","device_id":"{{{Uri.UnescapeDataString(encoded)}}}" """));
        login.AssertOk();
        var device = await _server.GetAsync("/_matrix/client/v3/devices/" + encoded, user.Token);
        device.AssertOk();
        Assert.Equal(Uri.UnescapeDataString(encoded), device.Text("device_id"));
    }

    [Fact]
    public async Task The_historic_prefix_answers_too()
    {
        var user = await _server.RegisterAsync("pipe_r0");
        (await _server.GetAsync("/_matrix/client/r0/account/whoami", user.Token)).AssertOk();
    }

    [Fact]
    public async Task Health_says_that_storage_answers() => (await _server.GetAsync("/health")).AssertOk();

    [Fact]
    public async Task The_base_URL_is_published()
    {
        await using var server = await TestServer.StartAsync("PublicBaseUrl=https://matrix.example.org/");
        var client = await server.GetAsync("/.well-known/matrix/client");
        Assert.Equal("https://matrix.example.org", client.Json.GetProperty("m.homeserver").GetProperty("base_url").GetString());
        Assert.Equal("matrix.example.org:443", (await server.GetAsync("/.well-known/matrix/server")).Text("m.server"));
    }
}
