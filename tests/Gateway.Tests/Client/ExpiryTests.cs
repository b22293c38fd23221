using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Client;

/// <summary>What the clock does to tokens and limits.</summary>
public sealed class ExpiryTests
{
    private const string WhoAmI = "/_matrix/client/v3/account/whoami";

    [Fact]
    public async Task An_expired_access_token_is_a_soft_logout_and_its_refresh_token_still_works()
    {
        var clock = new TestClock();
        await using var server = await TestServer.StartAsync(clock);
        await server.RegisterAsync("alice");
        var login = await server.PostAsync("/_matrix/client/v3/login", Bodies.Login("alice", more: ""","refresh_token":true"""));
        clock.Advance(TimeSpan.FromMilliseconds(login.Json.GetProperty("expires_in_ms").GetInt64()));
        var expired = await server.GetAsync(WhoAmI, login.Text("access_token"));
        expired.AssertError(401, "M_UNKNOWN_TOKEN");
        Assert.True(expired.Json.GetProperty("soft_logout").GetBoolean());
        (await server.PostAsync("/_matrix/client/v3/refresh", $$$"""{"refresh_token":"{{{login.Text("refresh_token")}}}"}""")).AssertOk();
    }

    [Fact]
    public async Task A_login_token_expires()
    {
        var clock = new TestClock();
        await using var server = await TestServer.StartAsync(clock);
        var alice = await server.RegisterAsync("alice");
        var created = await server.PostAsync("/_matrix/client/v1/login/get_token", "{" + Bodies.PasswordAuth("alice") + "}", alice.Token);
        clock.Advance(TimeSpan.FromMilliseconds(created.Json.GetProperty("expires_in_ms").GetInt64()));
        (await server.PostAsync("/_matrix/client/v3/login", $$$"""{"type":"m.login.token","token":"{{{created.Text("login_token")}}}"}"""))
            .AssertError(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task Guessing_a_password_is_slowed_down_for_accounts_and_non_accounts_alike()
    {
        var clock = new TestClock();
        await using var server = await TestServer.StartAsync(clock, "RateLimits:Enabled=true");
        await server.RegisterAsync("alice");
        foreach (var user in new[] { "alice", "nobody" })
        {
            for (var i = 0; i < 10; i++)
                (await server.PostAsync("/_matrix/client/v3/login", Bodies.Login(user, "wrong"))).AssertError(403, "M_FORBIDDEN");
            var limited = await server.PostAsync("/_matrix/client/v3/login", Bodies.Login(user, "secret"));
            limited.AssertError(429, "M_LIMIT_EXCEEDED");
            Assert.Equal(10_000, limited.Json.GetProperty("retry_after_ms").GetInt64());
            Assert.Equal("10", limited.Headers["Retry-After"]);
        }

        clock.Advance(TimeSpan.FromSeconds(10));
        await server.LogInAsync("alice");
    }

    [Fact]
    public async Task Registering_is_limited_for_an_address()
    {
        await using var server = await TestServer.StartAsync(new TestClock(), "RateLimits:Enabled=true");
        var answers = new List<HttpAnswer>();
        for (var i = 0; i < 21; i++)
            answers.Add(await server.PostAsync("/_matrix/client/v3/register", """{"username":"x","password":"y"}"""));
        Assert.All(answers[..20], static answer => Assert.Equal(401, answer.Status));
        answers[20].AssertError(429, "M_LIMIT_EXCEEDED");
    }
}
