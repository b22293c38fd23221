namespace OrleansMatrix.Gateway.Tests.Client;

/// <summary>Passwords, deactivation, OpenID and capabilities.</summary>
public sealed class AccountTests(OpenServer fixture) : IClassFixture<OpenServer>
{
    private const string Password = "/_matrix/client/v3/account/password";
    private const string WhoAmI = "/_matrix/client/v3/account/whoami";
    private readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData("", false)]
    [InlineData(",\"logout_devices\":false", true)]
    public async Task Changing_the_password_logs_other_devices_out_by_default(string more, bool otherStays)
    {
        var name = "pw_" + (otherStays ? "keep" : "drop");
        var user = await _server.RegisterAsync(name);
        var other = await _server.LogInAsync(name);
        (await _server.PostAsync(Password, $$$"""{"new_password":"better"{{{more}}},{{{Bodies.PasswordAuth(name)}}}}""", user.Token)).AssertOk();
        (await _server.GetAsync(WhoAmI, user.Token)).AssertOk();
        Assert.Equal(otherStays ? 200 : 401, (await _server.GetAsync(WhoAmI, other.Token)).Status);
        (await _server.PostAsync("/_matrix/client/v3/login", Bodies.Login(name))).AssertError(403, "M_FORBIDDEN");
        await _server.LogInAsync(name, "better");
    }

    [Theory]
    [InlineData("/_matrix/client/v3/logout/all", "{}")]
    [InlineData(Password, """{"new_password":"better","logout_devices":false,AUTH}""")]
    public async Task Login_and_OpenID_tokens_end_with_all_sessions_and_with_the_password(string path, string body)
    {
        var name = "tokens_" + body.Length;
        var user = await _server.RegisterAsync(name);
        var auth = Bodies.PasswordAuth(name);
        var login = (await _server.PostAsync("/_matrix/client/v1/login/get_token", "{" + auth + "}", user.Token)).Text("login_token");
        var openId = (await _server.PostAsync($"/_matrix/client/v3/user/{user.Id}/openid/request_token", "{}", user.Token)).Text("access_token");
        (await _server.GetAsync("/_matrix/federation/v1/openid/userinfo?access_token=" + openId)).AssertOk();

        (await _server.PostAsync(path, body.Replace("AUTH", auth, StringComparison.Ordinal), user.Token)).AssertOk();

        (await _server.GetAsync("/_matrix/federation/v1/openid/userinfo?access_token=" + openId)).AssertError(401, "M_UNKNOWN_TOKEN");
        (await _server.PostAsync("/_matrix/client/v3/login", $$"""{"type":"m.login.token","token":"{{login}}"}""")).AssertError(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task A_password_change_needs_a_token_the_old_password_and_a_new_one()
    {
        var user = await _server.RegisterAsync("pw_bad");
        (await _server.PostAsync(Password, """{"new_password":"x"}""")).AssertError(401, "M_MISSING_TOKEN");
        Assert.Equal(401, (await _server.PostAsync(Password, """{"new_password":"x"}""", user.Token)).Status);
        (await _server.PostAsync(Password, """{"new_password":""}""", user.Token)).AssertError(400, "M_WEAK_PASSWORD");
        (await _server.PostAsync(Password, """{"new_password":7}""", user.Token)).AssertError(400, "M_BAD_JSON");
        (await _server.PostAsync(Password, "{" + Bodies.PasswordAuth("pw_bad") + "}", user.Token)).AssertError(400, "M_MISSING_PARAM");
        var tooLong = new string('x', 513);
        (await _server.PostAsync(Password, $$$"""{"new_password":"{{{tooLong}}}"}""", user.Token)).AssertError(400, "M_INVALID_PARAM");
    }

    [Fact]
    public async Task A_deactivated_account_cannot_log_in_has_no_profile_and_its_name_stays_taken()
    {
        var user = await _server.RegisterAsync("gone");
        const string Path = "/_matrix/client/v3/account/deactivate";
        Assert.Equal(401, (await _server.PostAsync(Path, "{}", user.Token)).Status);
        var answer = await _server.PostAsync(Path, $$$"""{"erase":true,{{{Bodies.PasswordAuth("gone")}}}}""", user.Token);
        answer.AssertOk();
        Assert.Equal("success", answer.Text("id_server_unbind_result"));
        (await _server.GetAsync(WhoAmI, user.Token)).AssertError(401, "M_UNKNOWN_TOKEN");
        (await _server.PostAsync("/_matrix/client/v3/login", Bodies.Login("gone"))).AssertError(403, "M_FORBIDDEN");
        (await _server.GetAsync("/_matrix/client/v3/profile/" + user.Id)).AssertError(404, "M_NOT_FOUND");
        (await _server.PostAsync("/_matrix/client/v3/register", """{"username":"gone","password":"x"}""")).AssertError(400, "M_USER_IN_USE");
    }

    [Fact]
    public async Task An_OpenID_token_is_for_oneself_and_for_nothing_else()
    {
        var user = await _server.RegisterAsync("openid");
        var answer = await _server.PostAsync($"/_matrix/client/v3/user/{user.Id}/openid/request_token", "{}", user.Token);
        answer.AssertOk();
        Assert.Equal(("Bearer", "localhost"), (answer.Text("token_type"), answer.Text("matrix_server_name")));
        Assert.Equal(3600, answer.Json.GetProperty("expires_in").GetInt32());
        (await _server.GetAsync(WhoAmI, answer.Text("access_token"))).AssertError(401, "M_UNKNOWN_TOKEN");
        (await _server.PostAsync("/_matrix/client/v3/user/@other:localhost/openid/request_token", "{}", user.Token)).AssertError(403, "M_FORBIDDEN");
        (await _server.PostAsync($"/_matrix/client/v3/user/{user.Id}/openid/request_token", "{", user.Token)).AssertError(400, "M_NOT_JSON");
        (await _server.PostAsync($"/_matrix/client/v3/user/{user.Id}/openid/request_token", "[]", user.Token)).AssertError(400, "M_BAD_JSON");
    }

    [Fact]
    public async Task Capabilities_name_all_room_versions_and_what_can_be_changed()
    {
        var user = await _server.RegisterAsync("caps");
        var capabilities = (await _server.GetAsync("/_matrix/client/v3/capabilities", user.Token)).Json.GetProperty("capabilities");
        var versions = capabilities.GetProperty("m.room_versions");
        Assert.Equal("12", versions.GetProperty("default").GetString());
        Assert.Equal(12, versions.GetProperty("available").EnumerateObject().Count(static version => version.Value.GetString() == "stable"));
        Assert.True(capabilities.GetProperty("m.get_login_token").GetProperty("enabled").GetBoolean());
        Assert.False(capabilities.GetProperty("m.3pid_changes").GetProperty("enabled").GetBoolean());
        Assert.False(capabilities.TryGetProperty("m.account_moderation", out _));
    }
}
