namespace OrleansMatrix.Gateway.Tests.Client;

public sealed class DeviceManagementTests(OpenServer fixture) : IClassFixture<OpenServer>
{
    private const string Devices = "/_matrix/client/v3/devices";
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_device_is_shown_with_where_it_was_seen_and_can_be_renamed()
    {
        var user = await _server.RegisterAsync("dev_show");
        (await _server.PutAsync($"{Devices}/{user.DeviceId}", """{"display_name":"Kitchen"}""", user.Token)).AssertOk();
        (await _server.PutAsync($"{Devices}/{user.DeviceId}", "{}", user.Token)).AssertOk();
        var device = Assert.Single((await _server.GetAsync(Devices, user.Token)).Json.GetProperty("devices").EnumerateArray());
        Assert.Equal("Kitchen", device.GetProperty("display_name").GetString());
        Assert.Equal("127.0.0.1", device.GetProperty("last_seen_ip").GetString());
        Assert.True(device.GetProperty("last_seen_ts").GetInt64() > 0);
        (await _server.PutAsync(Devices + "/OTHER", """{"display_name":"x"}""", user.Token)).AssertError(404, "M_NOT_FOUND");
        (await _server.PutAsync($"{Devices}/{user.DeviceId}", """{"display_name":5}""", user.Token)).AssertError(400, "M_BAD_JSON");
    }

    [Fact]
    public async Task Deleting_a_device_needs_the_password_and_ends_its_token()
    {
        var user = await _server.RegisterAsync("dev_delete");
        var other = await _server.LogInAsync("dev_delete");
        var path = $"{Devices}/{other.DeviceId}";
        var challenge = await _server.DeleteAsync(path, null, user.Token);
        Assert.Equal(401, challenge.Status);
        var session = challenge.Text("session");
        var wrong = await _server.DeleteAsync(path, "{" + Bodies.PasswordAuth("dev_delete", "wrong", session) + "}", user.Token);
        Assert.Equal((401, "M_FORBIDDEN", session), (wrong.Status, wrong.ErrCode, wrong.Text("session")));
        (await _server.GetAsync(Devices, other.Token)).AssertOk();
        (await _server.DeleteAsync(path, "{" + Bodies.PasswordAuth("dev_delete", session: session) + "}", user.Token)).AssertOk();
        (await _server.GetAsync(Devices, other.Token)).AssertError(401, "M_UNKNOWN_TOKEN");
        (await _server.DeleteAsync(path, "{" + Bodies.PasswordAuth("dev_delete") + "}", user.Token)).AssertOk();
    }

    [Fact]
    public async Task A_session_serves_one_operation_of_one_user()
    {
        var user = await _server.RegisterAsync("dev_session");
        var thief = await _server.RegisterAsync("dev_thief");
        var session = (await _server.DeleteAsync(Devices + "/A", "{" + Bodies.PasswordAuth("dev_session", "wrong") + "}", user.Token)).Text("session");
        var elsewhere = await _server.DeleteAsync(Devices + "/B", "{" + Bodies.PasswordAuth("dev_session", session: session) + "}", user.Token);
        elsewhere.AssertError(403, "M_FORBIDDEN");
        var stolen = await _server.DeleteAsync(Devices + "/A", $$$"""{"auth":{"session":"{{{session}}}"}}""", thief.Token);
        stolen.AssertError(403, "M_FORBIDDEN");
        (await _server.DeleteAsync(Devices + "/A", "{" + Bodies.PasswordAuth("dev_thief") + "}", user.Token)).AssertError(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task A_session_is_for_the_operation_that_it_was_given_out_for()
    {
        var user = await _server.RegisterAsync("dev_first");
        var session = (await _server.DeleteAsync(Devices + "/A", "{}", user.Token)).Text("session");
        (await _server.DeleteAsync(Devices + "/B", "{" + Bodies.PasswordAuth("dev_first", session: session) + "}", user.Token)).AssertError(403, "M_FORBIDDEN");
        (await _server.DeleteAsync(Devices + "/A", "{" + Bodies.PasswordAuth("dev_first", session: session) + "}", user.Token)).AssertOk();
    }

    [Fact]
    public async Task Several_devices_are_deleted_at_once()
    {
        var user = await _server.RegisterAsync("dev_bulk");
        var one = await _server.LogInAsync("dev_bulk");
        var two = await _server.LogInAsync("dev_bulk");
        (await _server.PostAsync("/_matrix/client/v3/delete_devices", "{}", user.Token)).AssertError(400, "M_MISSING_PARAM");
        (await _server.PostAsync("/_matrix/client/v3/delete_devices", """{"devices":[1]}""", user.Token)).AssertError(400, "M_BAD_JSON");
        var body = $$$"""{"devices":["{{{one.DeviceId}}}","{{{two.DeviceId}}}","NONE"],{{{Bodies.PasswordAuth("dev_bulk")}}}}""";
        (await _server.PostAsync("/_matrix/client/v3/delete_devices", body, user.Token)).AssertOk();
        var left = Assert.Single((await _server.GetAsync(Devices, user.Token)).Json.GetProperty("devices").EnumerateArray());
        Assert.Equal(user.DeviceId, left.GetProperty("device_id").GetString());
    }
}
