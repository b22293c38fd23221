namespace OrleansMatrix.Gateway.Tests.Rooms;

public class DefaultRoomVersionTests
{
    [Fact]
    public async Task Rooms_have_the_version_of_the_setting_unless_their_maker_names_one()
    {
        await using var server = await TestServer.StartAsync("DefaultRoomVersion=10");
        var alice = await server.RegisterAsync("alice");
        Assert.Equal("10", (await server.GetAsync("/_matrix/client/v3/capabilities", alice.Token)).Json.GetProperty("capabilities")
            .GetProperty("m.room_versions").GetProperty("default").GetString());
        Assert.Equal("10", await VersionAsync("{}"));
        Assert.Equal("11", await VersionAsync("""{"room_version":"11"}"""));

        async Task<string> VersionAsync(string request)
        {
            var room = (await server.PostAsync("/_matrix/client/v3/createRoom", request, alice.Token)).Text("room_id");
            return (await server.GetAsync($"/_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.create", alice.Token)).Text("room_version");
        }
    }
}
