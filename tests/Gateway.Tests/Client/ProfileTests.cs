namespace OrleansMatrix.Gateway.Tests.Client;

public sealed class ProfileTests(OpenServer fixture) : IClassFixture<OpenServer>
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Fields_of_any_type_are_kept_and_deleted()
    {
        var user = await _server.RegisterAsync("prof_any");
        var profile = "/_matrix/client/v3/profile/" + user.Id;
        Assert.Equal("prof_any", (await _server.GetAsync(profile)).Text("displayname"));
        (await _server.PutAsync(profile + "/displayname", """{"displayname":"Ann \"x\" 😀"}""", user.Token)).AssertOk();
        (await _server.PutAsync(profile + "/avatar_url", """{"avatar_url":"mxc://localhost/abc"}""", user.Token)).AssertOk();
        (await _server.PutAsync(profile + "/org.example.field", """{"org.example.field" : {"a" : [1, null]}}""", user.Token)).AssertOk();
        (await _server.PutAsync(profile + "/org.example.null", """{"org.example.null":null}""", user.Token)).AssertOk();
        var all = (await _server.GetAsync(profile)).Json;
        Assert.Equal("Ann \"x\" 😀", all.GetProperty("displayname").GetString());
        Assert.Equal("""{"a":[1,null]}""", all.GetProperty("org.example.field").GetRawText());
        Assert.Equal("null", all.GetProperty("org.example.null").GetRawText());
        Assert.Equal("mxc://localhost/abc", (await _server.GetAsync(profile + "/avatar_url")).Text("avatar_url"));

        (await _server.DeleteAsync(profile + "/avatar_url", null, user.Token)).AssertOk();
        (await _server.DeleteAsync(profile + "/avatar_url", null, user.Token)).AssertOk();
        (await _server.GetAsync(profile + "/avatar_url")).AssertError(404, "M_NOT_FOUND");
        (await _server.PutAsync(profile + "/displayname", """{"displayname":null}""", user.Token)).AssertOk();
        (await _server.GetAsync(profile + "/displayname")).AssertError(404, "M_NOT_FOUND");
    }

    [Theory]
    [InlineData("displayname", """{"displayname":1}""", 400, "M_BAD_JSON")]
    [InlineData("displayname", """{"other":"x"}""", 400, "M_MISSING_PARAM")]
    [InlineData("m.tz", """{"m.tz":{}}""", 400, "M_BAD_JSON")]
    [InlineData("Upper", """{"Upper":1}""", 400, "M_INVALID_PARAM")]
    [InlineData("nodot", """{"nodot":1}""", 400, "M_INVALID_PARAM")]
    [InlineData("a..b", """{"a..b":1}""", 400, "M_INVALID_PARAM")]
    public async Task Wrong_fields_are_refused(string key, string body, int status, string errCode)
    {
        var user = await _server.RegisterAsync("prof_wrong_" + Guid.NewGuid().ToString("N"));
        (await _server.PutAsync($"/_matrix/client/v3/profile/{user.Id}/{key}", body, user.Token)).AssertError(status, errCode);
    }

    [Fact]
    public async Task A_profile_stays_under_64_KiB_and_a_key_under_256_bytes()
    {
        var user = await _server.RegisterAsync("prof_size");
        var profile = "/_matrix/client/v3/profile/" + user.Id;
        var half = new string('x', 40_000);
        (await _server.PutAsync(profile + "/a.one", $$$"""{"a.one":"{{{half}}}"}""", user.Token)).AssertOk();
        (await _server.PutAsync(profile + "/a.two", $$$"""{"a.two":"{{{half}}}"}""", user.Token)).AssertError(400, "M_PROFILE_TOO_LARGE");
        (await _server.PutAsync(profile + "/a.one", $$$"""{"a.one":"y{{{half}}}"}""", user.Token)).AssertOk();
        var longKey = "a." + new string('k', 254);
        (await _server.PutAsync($"{profile}/{longKey}", $$$"""{"{{{longKey}}}":1}""", user.Token)).AssertError(400, "M_KEY_TOO_LARGE");
    }

    [Fact]
    public async Task Only_ones_own_profile_can_be_changed_and_unknown_users_are_not_found()
    {
        var user = await _server.RegisterAsync("prof_own");
        var other = await _server.RegisterAsync("prof_other");
        (await _server.PutAsync($"/_matrix/client/v3/profile/{other.Id}/displayname", """{"displayname":"x"}""", user.Token)).AssertError(403, "M_FORBIDDEN");
        (await _server.GetAsync("/_matrix/client/v3/profile/@nobody:localhost")).AssertError(404, "M_NOT_FOUND");
        (await _server.GetAsync("/_matrix/client/v3/profile/@alice:elsewhere.example")).AssertError(502, "M_UNKNOWN");
        (await _server.GetAsync("/_matrix/client/v3/profile/alice")).AssertError(400, "M_INVALID_PARAM");
    }
}
