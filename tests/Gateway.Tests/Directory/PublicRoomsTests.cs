using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Directory;

public sealed class PublicRoomsTests : IAsyncLifetime
{
    private readonly MatrixTestServer _server = new();
    private TestClient _alice = null!;
    private TestClient _bob = null!;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _alice = await _server.RegisterAsync("alice");
        _bob = await _server.RegisterAsync("bob");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task The_list_shows_public_rooms_largest_first_in_pages()
    {
        var rooms = new List<string>();
        for (var i = 0; i < 5; i++)
            rooms.Add(await _alice.CreateRoomAsync($$"""{"visibility":"public","preset":"public_chat","name":"Room {{i}}","topic":"Topic {{i}}"}"""));
        await _alice.CreateRoomAsync("""{"name":"Private"}""");
        await _bob.JoinAsync(rooms[3]);

        var all = (await _server.Anonymous().GetAsync("v3/publicRooms")).Ok();
        Assert.Equal(5, (int)all["total_room_count_estimate"]!);
        Assert.Equal(rooms[3], (string?)all["chunk"]![0]!["room_id"]);
        Assert.Equal(2, (int)all["chunk"]![0]!["num_joined_members"]!);
        Assert.Equal("Topic 3", (string?)all["chunk"]![0]!["topic"]);
        Assert.Equal("public", (string?)all["chunk"]![0]!["join_rule"]);

        var seen = new List<string?>();
        string? since = null;
        do
        {
            var page = (await _alice.PostAsync("v3/publicRooms", since is null ? """{"limit":2}""" : $$"""{"limit":2,"since":"{{since}}"}""")).Ok();
            seen.AddRange(page["chunk"]!.AsArray().Select(r => (string?)r!["room_id"]));
            since = (string?)page["next_batch"];
        }
        while (since is not null);
        Assert.Equal(rooms.Order(), seen.Order());
        (await _alice.GetAsync("v3/publicRooms?since=bogus")).Fails(400, "M_INVALID_PARAM");
    }

    [Fact]
    public async Task The_list_is_searched_by_term_and_room_type()
    {
        await _alice.CreateRoomAsync("""{"visibility":"public","name":"Gardening"}""");
        await _alice.CreateRoomAsync("""{"visibility":"public","name":"Cooking","topic":"from the GARDEN"}""");
        await _alice.CreateRoomAsync("""{"visibility":"public","name":"A space","creation_content":{"type":"m.space"}}""");

        Assert.Equal(["Cooking", "Gardening"], await NamesAsync("""{"filter":{"generic_search_term":"garden"}}"""));
        Assert.Equal(["A space"], await NamesAsync("""{"filter":{"room_types":["m.space"]}}"""));
        Assert.Equal(["Cooking", "Gardening"], await NamesAsync("""{"filter":{"room_types":[null]}}"""));
        Assert.Equal(3, (await NamesAsync("""{"filter":{"room_types":[null,"m.space"]}}""")).Count);
        (await _bob.PostAsync("v3/publicRooms", """{"filter":{"room_types":"m.space"}}""")).Fails(400, "M_BAD_JSON");
    }

    [Fact]
    public async Task Visibility_is_changed_by_those_with_power_only()
    {
        var room = await _alice.CreateRoomAsync("""{"preset":"public_chat","name":"Shown"}""");
        await _bob.JoinAsync(room);
        var path = $"v3/directory/list/room/{room}";
        Assert.Equal("private", (await _server.Anonymous().GetAsync(path)).Ok("visibility"));

        (await _bob.PutAsync(path, """{"visibility":"public"}""")).Fails(403, "M_FORBIDDEN");
        (await _alice.PutAsync(path, """{"visibility":"secret"}""")).Fails(400, "M_INVALID_PARAM");
        (await _alice.PutAsync(path)).Ok();

        Assert.Equal("public", (await _server.Anonymous().GetAsync(path)).Ok("visibility"));
        Assert.Equal(["Shown"], await NamesAsync("{}"));
        (await _alice.PutAsync(path, """{"visibility":"private"}""")).Ok();
        Assert.Empty(await NamesAsync("{}"));
        (await _server.Anonymous().GetAsync("v3/directory/list/room/!none:one.test")).Fails(404, "M_NOT_FOUND");
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_an_error_and_no_crash()
    {
        Assert.Equal("M_UNKNOWN", (await _alice.GetAsync("v3/publicRooms?server=nowhere.test")).ErrCode);
        (await _alice.GetAsync("v3/publicRooms?server=no%20name")).Fails(400, "M_INVALID_PARAM");
    }

    [Fact]
    public async Task Nobody_is_told_whether_a_name_is_not_known_or_an_address_private_or_closed()
    {
        string[] names = ["nowhere.test", "127.0.0.1:1", "10.0.0.1:1", "[::1]:1", "localhost:1"];
        var errors = await Task.WhenAll(names.Select(async name =>
            (await _server.Anonymous().GetAsync($"v3/publicRooms?server={Uri.EscapeDataString(name)}")).Text.Replace(name, "NAME", StringComparison.Ordinal)));
        Assert.Equal("""{"errcode":"M_UNKNOWN","error":"NAME cannot be reached"}""", Assert.Single(errors.Distinct()));
    }

    private async Task<IReadOnlyList<string>> NamesAsync(string body) =>
        [.. (await _bob.PostAsync("v3/publicRooms", body)).Ok()["chunk"]!.AsArray().Select(r => (string)r!["name"]!).Order(StringComparer.Ordinal)];
}
