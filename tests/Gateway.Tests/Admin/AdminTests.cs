using System.Security.Cryptography;
using System.Text;

namespace OrleansMatrix.Gateway.Tests.Admin;

public sealed class AdminTests : IAsyncLifetime
{
    private const string WhoAmI = "/_matrix/client/v3/account/whoami";
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync("Registration:SharedSecret=key");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task The_shared_secret_registers_users_and_administrators()
    {
        var root = await RegisterAsync("root", admin: true);
        root.AssertOk();
        var user = await RegisterAsync("plain", admin: false);
        user.AssertOk();
        (await _server.GetAsync("/_matrix/client/v3/admin/whois/@plain:localhost", root.Text("access_token"))).AssertOk();
        (await _server.GetAsync("/_matrix/client/v3/admin/whois/@plain:localhost", user.Text("access_token"))).AssertOk();
        (await _server.GetAsync("/_matrix/client/v3/admin/whois/@root:localhost", user.Text("access_token"))).AssertError(403, "M_FORBIDDEN");
        (await RegisterAsync("mallory", admin: true, secret: "guess")).AssertError(403, "M_FORBIDDEN");
        (await RegisterAsync("mallory", admin: true, nonce: "AAAA")).AssertError(400, "M_UNKNOWN");
        (await RegisterAsync("root", admin: true)).AssertError(400, "M_USER_IN_USE");
    }

    [Fact]
    public async Task A_nonce_registers_once()
    {
        var nonce = (await _server.GetAsync("/_synapse/admin/v1/register")).Text("nonce");
        (await RegisterAsync("first", admin: false, nonce: nonce)).AssertOk();
        (await RegisterAsync("second", admin: false, nonce: nonce)).AssertError(400, "M_UNKNOWN");
        (await RegisterAsync("second", admin: false)).AssertOk();
    }

    [Fact]
    public async Task Without_a_shared_secret_the_endpoint_is_off()
    {
        await using var server = await TestServer.StartAsync();
        (await server.GetAsync("/_synapse/admin/v1/register")).AssertError(400, "M_UNKNOWN");
        (await server.PostAsync("/_synapse/admin/v1/register", "{}")).AssertError(400, "M_UNKNOWN");
    }

    [Fact]
    public async Task A_locked_account_can_only_log_out_and_comes_back_with_its_sessions()
    {
        var root = (await RegisterAsync("root", admin: true)).Text("access_token");
        var user = await _server.RegisterAsync("user");
        const string Path = "/_matrix/client/v1/admin/lock/@user:localhost";
        Assert.False((await _server.GetAsync(Path, root)).Json.GetProperty("locked").GetBoolean());
        Assert.True((await _server.PutAsync(Path, """{"locked":true}""", root)).Json.GetProperty("locked").GetBoolean());
        var locked = await _server.GetAsync(WhoAmI, user.Token);
        locked.AssertError(401, "M_USER_LOCKED");
        Assert.True(locked.Json.GetProperty("soft_logout").GetBoolean());
        (await _server.PostAsync("/_matrix/client/v3/login", Bodies.Login("user"))).AssertError(401, "M_USER_LOCKED");
        (await _server.PutAsync(Path, """{"locked":false}""", root)).AssertOk();
        (await _server.GetAsync(WhoAmI, user.Token)).AssertOk();
        (await _server.PutAsync(Path, """{"locked":true}""", root)).AssertOk();
        (await _server.PostAsync("/_matrix/client/v3/logout", "{}", user.Token)).AssertOk();
    }

    [Fact]
    public async Task A_suspended_account_can_log_in_but_not_change_its_profile()
    {
        var root = (await RegisterAsync("root", admin: true)).Text("access_token");
        await _server.RegisterAsync("user");
        (await _server.PutAsync("/_matrix/client/v1/admin/suspend/@user:localhost", """{"suspended":true}""", root)).AssertOk();
        var user = await _server.LogInAsync("user");
        (await _server.PutAsync($"/_matrix/client/v3/profile/{user.Id}/displayname", """{"displayname":"x"}""", user.Token))
            .AssertError(403, "M_USER_SUSPENDED");
        Assert.True((await _server.GetAsync("/_matrix/client/v1/admin/suspend/@user:localhost", root)).Json.GetProperty("suspended").GetBoolean());
    }

    [Fact]
    public async Task Moderation_is_for_administrators_and_not_against_them_or_strangers()
    {
        var root = (await RegisterAsync("root", admin: true)).Text("access_token");
        await RegisterAsync("second", admin: true);
        var user = await _server.RegisterAsync("user");
        const string Body = """{"locked":true}""";
        (await _server.PutAsync("/_matrix/client/v1/admin/lock/@user:localhost", Body, user.Token)).AssertError(403, "M_FORBIDDEN");
        (await _server.PutAsync("/_matrix/client/v1/admin/lock/@root:localhost", Body, root)).AssertError(403, "M_FORBIDDEN");
        (await _server.PutAsync("/_matrix/client/v1/admin/lock/@second:localhost", Body, root)).AssertError(403, "M_FORBIDDEN");
        (await _server.PutAsync("/_matrix/client/v1/admin/lock/@nobody:localhost", Body, root)).AssertError(404, "M_NOT_FOUND");
        (await _server.PutAsync("/_matrix/client/v1/admin/lock/@user:elsewhere.example", Body, root)).AssertError(400, "M_INVALID_PARAM");
        (await _server.PutAsync("/_matrix/client/v1/admin/lock/@user:localhost", "{}", root)).AssertError(400, "M_MISSING_PARAM");
    }

    private async Task<HttpAnswer> RegisterAsync(string name, bool admin, string secret = "key", string? nonce = null)
    {
        nonce ??= (await _server.GetAsync("/_synapse/admin/v1/register")).Text("nonce");
        var text = string.Join('\0', nonce, name, "secret", admin ? "admin" : "notadmin");
#pragma warning disable CA5350 // The format is Synapse's.
        var mac = Convert.ToHexStringLower(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350
        return await _server.PostAsync(
            "/_synapse/admin/v1/register",
            $$$"""{"nonce":"{{{nonce}}}","username":"{{{name}}}","password":"secret","admin":{{{(admin ? "true" : "false")}}},"mac":"{{{mac}}}"}""");
    }
}
