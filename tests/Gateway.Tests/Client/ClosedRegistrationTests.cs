using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Gateway.Tests.Client;

public sealed class ClosedRegistrationTests
{
    private const string Register = "/_matrix/client/v3/register";

    [Fact]
    public async Task The_first_token_makes_one_account_an_administrator_and_then_registration_is_off()
    {
        await using var server = await TestServer.StartAsync("Registration:Enabled=false");
        var token = Assert.Single(await server.App.Services.GetRequiredService<IStorage>().Accounts.ListRegistrationTokensAsync()).Token;
        Assert.True(await IsValidAsync(server, token));
        Assert.False(await IsValidAsync(server, "other"));
        Assert.False(await IsValidAsync(server, "not%20a%20token"));

        var challenge = await server.PostAsync(Register, """{"username":"root","password":"secret"}""");
        Assert.Equal("m.login.registration_token", challenge.Json.GetProperty("flows")[0].GetProperty("stages")[0].GetString());
        var wrong = await server.PostAsync(Register, Body("root", "wrong"));
        Assert.Equal((401, "M_UNAUTHORIZED"), (wrong.Status, wrong.ErrCode));
        var registered = await server.PostAsync(Register, Body("root", token));
        registered.AssertOk();
        var capabilities = await server.GetAsync("/_matrix/client/v3/capabilities", registered.Text("access_token"));
        Assert.True(capabilities.Json.GetProperty("capabilities").TryGetProperty("m.account_moderation", out _));

        (await server.PostAsync(Register, Body("second", token))).AssertError(403, "M_FORBIDDEN");
        (await server.GetAsync(Register + "/available?username=second")).AssertError(403, "M_FORBIDDEN");
        (await server.GetAsync("/_matrix/client/v1/register/m.login.registration_token/validity?token=x")).AssertError(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task A_token_with_two_uses_registers_two_of_many_at_once()
    {
        await using var server = await TestServer.StartAsync("Registration:RequireToken=true");
        await PutTokenAsync(server, new RegistrationTokenRow("two", 2, 0, null));
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => server.PostAsync(Register, Body($"user{i}", "two"))));
        Assert.Equal(2, answers.Count(static answer => answer.Status == 200));
    }

    [Fact]
    public async Task A_failed_registration_gives_the_use_back()
    {
        await using var server = await TestServer.StartAsync("Registration:RequireToken=true");
        await PutTokenAsync(server, new RegistrationTokenRow("once", 1, 0, null));
        var answers = await Task.WhenAll(
            server.PostAsync(Register, """{"username":"nopassword","auth":{"type":"m.login.registration_token","token":"once"}}"""),
            server.PostAsync(Register, """{"username":"a b","password":"x","auth":{"type":"m.login.registration_token","token":"once"}}"""));
        Assert.All(answers, static answer => Assert.Equal(400, answer.Status));
        (await server.PostAsync(Register, Body("late", "once"))).AssertOk();
    }

    [Fact]
    public async Task Guests_get_a_device_of_the_servers_choice_and_what_guests_may_do()
    {
        await using var server = await TestServer.StartAsync("Registration:Enabled=false", "Registration:AllowGuests=true");
        var guest = await server.PostAsync(Register + "?kind=guest", """{"device_id":"MINE","username":"name"}""");
        guest.AssertOk();
        Assert.NotEqual("MINE", guest.Text("device_id"));
        var token = guest.Text("access_token");
        var whoAmI = await server.GetAsync("/_matrix/client/v3/account/whoami", token);
        Assert.True(whoAmI.Json.GetProperty("is_guest").GetBoolean());
        var profile = "/_matrix/client/v3/profile/" + guest.Text("user_id");
        (await server.PutAsync(profile + "/displayname", """{"displayname":"Guest"}""", token)).AssertOk();
        (await server.PutAsync(profile + "/avatar_url", """{"avatar_url":"mxc://a/b"}""", token)).AssertError(403, "M_GUEST_ACCESS_FORBIDDEN");
        (await server.PostAsync("/_matrix/client/v3/delete_devices", """{"devices":[]}""", token)).AssertError(403, "M_GUEST_ACCESS_FORBIDDEN");
        (await server.PostAsync("/_matrix/client/v3/logout", "{}", token)).AssertOk();
    }

    [Theory]
    [InlineData("invite")]
    [InlineData("ban")]
    [InlineData("knock")]
    public async Task A_guest_may_not_invite_by_setting_state(string membership)
    {
        await using var server = await TestServer.StartAsync("Registration:AllowGuests=true");
        var alice = await server.RegisterAsync("alice");
        var guest = (await server.PostAsync(Register + "?kind=guest", "{}")).Text("access_token");
        var room = (await server.PostAsync("/_matrix/client/v3/createRoom", """
            {"preset":"public_chat","initial_state":[{"type":"m.room.guest_access","state_key":"","content":{"guest_access":"can_join"}}],
             "power_level_content_override":{"users_default":100}}
            """, alice.Token)).Text("room_id");
        (await server.PostAsync($"/_matrix/client/v3/join/{Uri.EscapeDataString(room)}", "{}", guest)).AssertOk();
        var state = $"/_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/state";
        (await server.PutAsync($"{state}/m.room.member/@bob:localhost", $$"""{"membership":"{{membership}}"}""", guest)).AssertError(
            403, "M_GUEST_ACCESS_FORBIDDEN");
        (await server.PutAsync($"{state}/m.room.third_party_invite/token", "{}", guest)).AssertError(403, "M_GUEST_ACCESS_FORBIDDEN");
        (await server.PutAsync($"{state}/m.room.topic/", """{"topic":"x"}""", guest)).AssertOk();
    }

    [Fact]
    public async Task A_guest_becomes_a_user_of_the_same_name_with_its_own_token_only()
    {
        await using var server = await TestServer.StartAsync("Registration:AllowGuests=true");
        var guest = await server.PostAsync(Register + "?kind=guest", "{}");
        var other = await server.PostAsync(Register + "?kind=guest", "{}");
        var name = guest.Text("user_id")[1..^":localhost".Length];
        string Upgrade(string token) =>
            $$$"""{"username":"{{{name}}}","password":"secret","guest_access_token":"{{{token}}}","auth":{"type":"m.login.dummy"}}""";
        (await server.PostAsync(Register, Upgrade(other.Text("access_token")))).AssertError(403, "M_FORBIDDEN");
        var user = await server.PostAsync(Register, Upgrade(guest.Text("access_token")));
        Assert.Equal(guest.Text("user_id"), user.Text("user_id"));
        foreach (var token in new[] { user.Text("access_token"), guest.Text("access_token") })
            Assert.False((await server.GetAsync("/_matrix/client/v3/account/whoami", token)).Json.GetProperty("is_guest").GetBoolean());
        (await server.PostAsync(Register, Upgrade(guest.Text("access_token")))).AssertError(403, "M_FORBIDDEN");
    }

    private static string Body(string name, string token) =>
        $$$"""{"username":"{{{name}}}","password":"secret","auth":{"type":"m.login.registration_token","token":"{{{token}}}"}}""";

    private static async Task<bool> IsValidAsync(TestServer server, string token) =>
        (await server.GetAsync("/_matrix/client/v1/register/m.login.registration_token/validity?token=" + token)).Json.GetProperty("valid").GetBoolean();

    private static async Task PutTokenAsync(TestServer server, RegistrationTokenRow row)
    {
        var storage = server.App.Services.GetRequiredService<IStorage>();
        var unit = new WriteUnit();
        storage.Accounts.PutRegistrationToken(unit, row);
        await storage.CommitAsync(unit);
    }
}
