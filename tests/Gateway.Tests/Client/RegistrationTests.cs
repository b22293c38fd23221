namespace OrleansMatrix.Gateway.Tests.Client;

public sealed class RegistrationTests(OpenServer fixture) : IClassFixture<OpenServer>
{
    private const string Register = "/_matrix/client/v3/register";
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_request_without_auth_is_asked_for_it_with_a_session()
    {
        var answer = await _server.PostAsync(Register, """{"username":"reg_ask","password":"secret"}""");
        Assert.Equal(401, answer.Status);
        Assert.Equal("m.login.dummy", answer.Json.GetProperty("flows")[0].GetProperty("stages")[0].GetString());
        Assert.NotEmpty(answer.Text("session"));
        Assert.Null(answer.ErrCode);
    }

    [Fact]
    public async Task Registering_logs_in_unless_inhibited()
    {
        var session = (await _server.PostAsync(Register, """{"username":"reg_one","password":"secret"}""")).Text("session");
        var answer = await _server.PostAsync(
            Register, $$$"""{"username":"reg_one","password":"secret","device_id":"D1","auth":{"type":"m.login.dummy","session":"{{{session}}}"}}""");
        answer.AssertOk();
        Assert.Equal(("@reg_one:localhost", "D1"), (answer.Text("user_id"), answer.Text("device_id")));
        (await _server.GetAsync("/_matrix/client/v3/account/whoami", answer.Text("access_token"))).AssertOk();

        var inhibited = await _server.PostAsync(
            Register, """{"username":"reg_two","password":"secret","inhibit_login":true,"auth":{"type":"m.login.dummy"}}""");
        inhibited.AssertOk();
        Assert.False(inhibited.Json.TryGetProperty("access_token", out _));
        Assert.False(inhibited.Json.TryGetProperty("device_id", out _));
    }

    [Fact]
    public async Task Upper_case_is_mapped_and_the_same_name_is_taken()
    {
        Assert.Equal("@reg_case:localhost", (await _server.RegisterAsync("Reg_CASE")).Id);
        (await _server.PostAsync(Register, """{"username":"reg_case","password":"secret"}""")).AssertError(400, "M_USER_IN_USE");
        (await _server.GetAsync(Register + "/available?username=REG_case")).AssertError(400, "M_USER_IN_USE");
        Assert.True((await _server.GetAsync(Register + "/available?username=reg_free")).Json.GetProperty("available").GetBoolean());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a:b")]
    [InlineData("@a")]
    [InlineData("é")]
    public async Task Names_outside_the_grammar_are_refused(string name)
    {
        (await _server.PostAsync(Register, $$$"""{"username":"{{{name}}}","password":"secret"}""")).AssertError(400, "M_INVALID_USERNAME");
        (await _server.GetAsync(Register + "/available?username=" + Uri.EscapeDataString(name))).AssertError(400, "M_INVALID_USERNAME");
    }

    [Fact]
    public async Task A_name_may_be_255_bytes_with_the_server_and_no_more()
    {
        var longest = new string('a', 255 - "@:localhost".Length);
        Assert.True((await _server.GetAsync(Register + "/available?username=" + longest)).Json.GetProperty("available").GetBoolean());
        (await _server.GetAsync(Register + "/available?username=a" + longest)).AssertError(400, "M_INVALID_USERNAME");
    }

    [Fact]
    public async Task Without_a_name_the_server_picks_one()
    {
        var answer = await _server.PostAsync(Register, """{"password":"secret","auth":{"type":"m.login.dummy"}}""");
        answer.AssertOk();
        Assert.Matches("^@[a-z]+:localhost$", answer.Text("user_id"));
    }

    [Theory]
    [InlineData("""{"username":1}""", "M_BAD_JSON")]
    [InlineData("""{"username":"x1","password":[]}""", "M_BAD_JSON")]
    [InlineData("""{"username":"x1","password":""}""", "M_WEAK_PASSWORD")]
    [InlineData("""{"username":"x1","auth":{"type":"m.login.dummy"}}""", "M_MISSING_PARAM")]
    [InlineData("""{"username":"x1","auth":"dummy"}""", "M_BAD_JSON")]
    [InlineData("""{"username":"x1","auth":{"type":3}}""", "M_BAD_JSON")]
    [InlineData("""{"username":"x1","auth":{"type":"m.login.dummy","session":" "}}""", "M_INVALID_PARAM")]
    [InlineData("""{"username":"x1","inhibit_login":"yes"}""", "M_BAD_JSON")]
    [InlineData("""[]""", "M_BAD_JSON")]
    [InlineData("""{""", "M_NOT_JSON")]
    public async Task Malformed_bodies_are_refused(string body, string errCode) => (await _server.PostAsync(Register, body)).AssertError(400, errCode);

    [Fact]
    public async Task An_unknown_stage_completes_nothing()
    {
        var answer = await _server.PostAsync(Register, """{"username":"reg_stage","password":"secret","auth":{"type":"m.login.recaptcha"}}""");
        Assert.Equal((401, "M_UNRECOGNIZED"), (answer.Status, answer.ErrCode));
        Assert.Empty(answer.Json.GetProperty("completed").EnumerateArray());
    }

    [Fact]
    public async Task A_session_remembers_the_parameters_and_its_answer()
    {
        var session = (await _server.PostAsync(Register, """{"username":"reg_memory","password":"secret","device_id":"D"}""")).Text("session");
        var auth = $$$"""{"auth":{"type":"m.login.dummy","session":"{{{session}}}"}}""";
        var first = await _server.PostAsync(Register, auth);
        Assert.Equal(("@reg_memory:localhost", "D"), (first.Text("user_id"), first.Text("device_id")));
        var again = await _server.PostAsync(Register, auth);
        Assert.Equal("@reg_memory:localhost", again.Text("user_id"));
        (await _server.GetAsync("/_matrix/client/v3/account/whoami", again.Text("access_token"))).AssertOk();
        var other = $$$"""{"username":"reg_memory","password":"other","auth":{"type":"m.login.dummy","session":"{{{session}}}"}}""";
        (await _server.PostAsync(Register, other)).AssertError(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task Guests_and_unknown_kinds_are_refused_here()
    {
        (await _server.PostAsync(Register + "?kind=guest", "{}")).AssertError(403, "M_GUEST_ACCESS_FORBIDDEN");
        (await _server.PostAsync(Register + "?kind=robot", "{}")).AssertError(400, "M_INVALID_PARAM");
    }

    [Fact]
    public async Task Of_many_registrations_of_one_name_one_succeeds()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            _server.PostAsync(Register, """{"username":"reg_race","password":"secret","auth":{"type":"m.login.dummy"}}""")));
        Assert.Equal(1, answers.Count(static answer => answer.Status == 200));
        Assert.Equal(7, answers.Count(static answer => answer.ErrCode == "M_USER_IN_USE"));
    }
}
