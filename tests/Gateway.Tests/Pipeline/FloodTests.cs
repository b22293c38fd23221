using System.Net.Http.Headers;
using System.Text;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

/// <summary>One who does too much is stopped, and nobody else.</summary>
public sealed class FloodTests
{
    private const string Login = "/_matrix/client/v3/login";
    private const string Stranger = "203.0.113.5";

    [Fact]
    public async Task Strangers_who_guess_a_password_do_not_lock_its_owner_out()
    {
        await using var server = await StartAsync();
        var alice = await server.RegisterAsync("alice");
        for (var i = 0; i < 10; i++)
            (await FromAsync(server, Stranger, Login, Bodies.Login("alice", "wrong"))).AssertError(403, "M_FORBIDDEN");
        (await FromAsync(server, Stranger, Login, Bodies.Login("alice", "secret"))).AssertError(429, "M_LIMIT_EXCEEDED");

        // Ninety more from as many addresses: then no new one is let in, but where the owner was seen he is.
        for (var i = 0; i < 90; i++)
            (await FromAsync(server, $"198.51.100.{i}", Login, Bodies.Login("alice", "wrong"))).AssertError(403, "M_FORBIDDEN");
        (await FromAsync(server, "192.0.2.1", Login, Bodies.Login("alice", "secret"))).AssertError(429, "M_LIMIT_EXCEEDED");
        await server.LogInAsync("alice");
        var body = "{" + Bodies.PasswordAuth("alice") + $$""","devices":["{{alice.DeviceId}}"]}""";
        (await server.PostAsync("/_matrix/client/v3/delete_devices", body, alice.Token)).AssertOk();
    }

    [Fact]
    public async Task A_session_is_asked_for_its_password_whoever_guesses_at_its_own_address()
    {
        await using var server = await StartAsync();
        var alice = await server.RegisterAsync("alice");
        for (var i = 0; i < 10; i++)
            (await server.PostAsync(Login, Bodies.Login("alice", "wrong"))).AssertError(403, "M_FORBIDDEN");
        (await server.PostAsync(Login, Bodies.Login("alice"))).AssertError(429, "M_LIMIT_EXCEEDED");
        var body = "{" + Bodies.PasswordAuth("alice") + $$""","devices":["{{alice.DeviceId}}"]}""";
        (await server.PostAsync("/_matrix/client/v3/delete_devices", body, alice.Token)).AssertOk();
    }

    [Fact]
    public async Task Invites_count_alike_by_whatever_way_they_are_sent()
    {
        await using var server = await StartAsync();
        var alice = await server.RegisterAsync("alice");
        var users = string.Join(',', Enumerable.Range(0, 49).Select(static i => $"\"@u{i}:localhost\""));
        var created = await server.PostAsync("/_matrix/client/v3/createRoom", $$"""{"invite":[{{users}}]}""", alice.Token);
        created.AssertOk();
        var room = created.Text("room_id");
        var member = $"/_matrix/client/v3/rooms/{room}/state/m.room.member/@v:localhost";
        (await server.PutAsync(member, """{"membership":"invite"}""", alice.Token)).AssertOk();
        (await server.PutAsync(member, """{"membership":"invite"}""", alice.Token)).AssertError(429, "M_LIMIT_EXCEEDED");
        (await server.PostAsync($"/_matrix/client/v3/rooms/{room}/invite", """{"user_id":"@w:localhost"}""", alice.Token)).AssertError(429, "M_LIMIT_EXCEEDED");
        (await server.PostAsync("/_matrix/client/v3/createRoom", """{"invite":["@w:localhost"]}""", alice.Token)).AssertError(429, "M_LIMIT_EXCEEDED");
        (await server.PutAsync(member, """{"membership":"leave"}""", alice.Token)).AssertOk();
    }

    [Fact]
    public async Task Made_up_tokens_are_counted_by_address()
    {
        await using var server = await StartAsync();
        var alice = await server.RegisterAsync("alice");
        var random = new SystemRandom();
        for (var i = 0; i < 1000; i++)
            (await AskAsync(i)).AssertError(401, "M_UNKNOWN_TOKEN");
        (await AskAsync(1000)).AssertError(429, "M_LIMIT_EXCEEDED");
        (await server.GetAsync("/_matrix/client/v3/account/whoami", alice.Token)).AssertOk();

        Task<HttpAnswer> AskAsync(int i) => FromAsync(
            server, Stranger, "/_matrix/client/v3/account/whoami", null, AccessToken.Create(AccessToken.Access, UserId.Parse($"@x{i}:localhost"), random));
    }

    [Fact]
    public async Task Who_has_too_much_is_told_where_to_read_how_much_there_may_be()
    {
        await using var server = await TestServer.StartAsync();
        var alice = await server.RegisterAsync("alice");
        var tags = $"/_matrix/client/v3/user/{alice.Id}/rooms/!r:localhost/tags/u.";
        for (var i = 0; i < 100; i++)
            (await server.PutAsync($"{tags}{i}", "{}", alice.Token)).AssertOk();
        var refused = await server.PutAsync($"{tags}more", "{}", alice.Token);
        refused.AssertError(403, "M_USER_LIMIT_EXCEEDED");
        var page = await server.Http.GetStringAsync(new Uri(refused.Text("info_uri")));
        Assert.Contains("<li>tags: 100 for each user and room; 4,096 bytes each</li>", page, StringComparison.Ordinal);
    }

    // The clock stands still, so that no budget fills again.
    private static Task<TestServer> StartAsync() => TestServer.StartAsync(new TestClock(), "RateLimits:Enabled=true");

    private static async Task<HttpAnswer> FromAsync(TestServer server, string address, string path, string? json, string? token = null)
    {
        using var request = new HttpRequestMessage(json is null ? HttpMethod.Get : HttpMethod.Post, path);
        request.Headers.Add("X-Forwarded-For", address);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await server.Http.SendAsync(request);
        return await HttpAnswer.ReadAsync(response);
    }
}
