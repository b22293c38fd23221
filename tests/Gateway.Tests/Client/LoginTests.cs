namespace OrleansMatrix.Gateway.Tests.Client;

public sealed class LoginTests(OpenServer fixture) : IClassFixture<OpenServer>
{
    private const string Login = "/_matrix/client/v3/login";
    private const string WhoAmI = "/_matrix/client/v3/account/whoami";
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task The_flows_are_password_and_token()
    {
        var flows = (await _server.GetAsync(Login)).Json.GetProperty("flows").EnumerateArray().Select(static flow => flow.GetProperty("type").GetString());
        Assert.Equal(["m.login.password", "m.login.token"], flows);
    }

    [Fact]
    public async Task A_user_logs_in_by_localpart_full_id_other_case_and_the_old_member()
    {
        await _server.RegisterAsync("login_forms");
        foreach (var user in new[] { "login_forms", "@login_forms:localhost", "LOGIN_Forms" })
            Assert.Equal("@login_forms:localhost", (await _server.LogInAsync(user)).Id);
        (await _server.PostAsync(Login, """{"type":"m.login.password","user":"login_forms","password":"secret"}""")).AssertOk();
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("@login_wrong:other.example")]
    [InlineData("@@@")]
    [InlineData("login_wrong")]
    public async Task A_wrong_user_and_a_wrong_password_look_the_same(string user)
    {
        await _server.PostAsync("/_matrix/client/v3/register", """{"username":"login_wrong","password":"secret","auth":{"type":"m.login.dummy"}}""");
        var answer = await _server.PostAsync(Login, Bodies.Login(user, "wrong"));
        answer.AssertError(403, "M_FORBIDDEN");
        Assert.Equal("Invalid username or password", answer.Text("error"));
    }

    [Theory]
    [InlineData("""{}""", 400, "M_MISSING_PARAM")]
    [InlineData("""{"type":"m.login.magic"}""", 400, "M_UNKNOWN")]
    [InlineData("""{"type":"m.login.password"}""", 400, "M_MISSING_PARAM")]
    [InlineData("""{"type":"m.login.password","identifier":{"type":"m.id.user"},"password":"x"}""", 400, "M_MISSING_PARAM")]
    [InlineData("""{"type":"m.login.password","identifier":{"type":"m.id.thirdparty","medium":"email","address":"a@b"},"password":"x"}""", 403, "M_FORBIDDEN")]
    [InlineData("""{"type":"m.login.password","identifier":"x","password":"x"}""", 400, "M_BAD_JSON")]
    [InlineData("""{"type":"m.login.password","user":"x","password":1}""", 400, "M_BAD_JSON")]
    [InlineData("""{"type":"m.login.token","token":"nonsense"}""", 403, "M_FORBIDDEN")]
    [InlineData("""{"type":"m.login.token","token":"oml_YWxpY2U_nonsense"}""", 403, "M_FORBIDDEN")]
    public async Task Malformed_logins_are_refused(string body, int status, string errCode) =>
        (await _server.PostAsync(Login, body)).AssertError(status, errCode);

    [Fact]
    public async Task Logging_in_to_a_device_takes_its_old_token()
    {
        await _server.RegisterAsync("login_device");
        var first = await _server.LogInAsync("login_device", more: ""","device_id":"PHONE","initial_device_display_name":"Phone" """);
        var second = await _server.LogInAsync("login_device", more: ""","device_id":"PHONE","initial_device_display_name":"Other" """);
        Assert.Equal("PHONE", second.DeviceId);
        (await _server.GetAsync(WhoAmI, first.Token)).AssertError(401, "M_UNKNOWN_TOKEN");
        var device = await _server.GetAsync("/_matrix/client/v3/devices/PHONE", second.Token);
        Assert.Equal("Phone", device.Text("display_name"));
    }

    [Fact]
    public async Task Logging_out_ends_the_token_and_the_device()
    {
        await _server.RegisterAsync("logout_one");
        var one = await _server.LogInAsync("logout_one");
        var other = await _server.LogInAsync("logout_one");
        (await _server.PostAsync("/_matrix/client/v3/logout", "", one.Token)).AssertOk();
        var answer = await _server.GetAsync(WhoAmI, one.Token);
        answer.AssertError(401, "M_UNKNOWN_TOKEN");
        Assert.False(answer.Json.TryGetProperty("soft_logout", out _));
        (await _server.GetAsync("/_matrix/client/v3/devices/" + one.DeviceId, other.Token)).AssertError(404, "M_NOT_FOUND");

        (await _server.PostAsync("/_matrix/client/v3/logout/all", "{}", other.Token)).AssertOk();
        (await _server.GetAsync(WhoAmI, other.Token)).AssertError(401, "M_UNKNOWN_TOKEN");
    }

    [Fact]
    public async Task A_login_token_works_once_and_asks_for_the_password_each_time()
    {
        var user = await _server.RegisterAsync("login_token");
        const string Path = "/_matrix/client/v1/login/get_token";
        var challenge = await _server.PostAsync(Path, "{}", user.Token);
        Assert.Equal(401, challenge.Status);
        var auth = "{" + Bodies.PasswordAuth("login_token", session: challenge.Text("session")) + "}";
        var token = (await _server.PostAsync(Path, auth, user.Token)).Text("login_token");
        Assert.Equal(401, (await _server.PostAsync(Path, $$$"""{"auth":{"session":"{{{challenge.Text("session")}}}"}}""", user.Token)).Status);

        var answer = await _server.PostAsync(Login, $$$"""{"type":"m.login.token","token":"{{{token}}}"}""");
        answer.AssertOk();
        Assert.Equal(user.Id, answer.Text("user_id"));
        (await _server.PostAsync(Login, $$$"""{"type":"m.login.token","token":"{{{token}}}"}""")).AssertError(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task A_refresh_token_stays_good_until_one_of_its_successors_is_used()
    {
        await _server.RegisterAsync("refresh");
        var login = await _server.PostAsync(Login, Bodies.Login("refresh", more: ""","refresh_token":true"""));
        Assert.True(login.Json.GetProperty("expires_in_ms").GetInt64() > 0);
        var lost = await RefreshAsync(login.Text("refresh_token"));
        lost.AssertOk();
        (await _server.GetAsync(WhoAmI, login.Text("access_token"))).AssertOk();

        // The answer never reached the client, which asks again.
        var again = await RefreshAsync(login.Text("refresh_token"));
        again.AssertOk();
        (await _server.GetAsync(WhoAmI, lost.Text("access_token"))).AssertError(401, "M_UNKNOWN_TOKEN");
        (await _server.GetAsync(WhoAmI, again.Text("access_token"))).AssertOk();
        (await RefreshAsync(login.Text("refresh_token"))).AssertError(401, "M_UNKNOWN_TOKEN");
        (await _server.GetAsync(WhoAmI, login.Text("access_token"))).AssertError(401, "M_UNKNOWN_TOKEN");
        (await RefreshAsync(again.Text("refresh_token"))).AssertOk();
        (await RefreshAsync("nonsense")).AssertError(401, "M_UNKNOWN_TOKEN");
        (await RefreshAsync(login.Text("access_token"))).AssertError(401, "M_UNKNOWN_TOKEN");
    }

    private Task<HttpAnswer> RefreshAsync(string token) => _server.PostAsync("/_matrix/client/v3/refresh", $$$"""{"refresh_token":"{{{token}}}"}""");
}
