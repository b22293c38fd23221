using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Directory;

public sealed class AliasTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    [Fact]
    public async Task An_alias_is_made_by_a_member_found_by_all_and_deleted_by_its_creator()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        var room = await alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        var path = Path("tea ☕");

        (await bob.PutAsync(path, $$"""{"room_id":"{{room}}"}""")).Fails(403, "M_FORBIDDEN");
        await bob.JoinAsync(room);
        (await bob.PutAsync(path, $$"""{"room_id":"{{room}}"}""")).Ok();
        (await alice.PutAsync(path, $$"""{"room_id":"{{room}}"}""")).Fails(409, "M_UNKNOWN");

        var found = (await server.Anonymous().GetAsync(path)).Ok();
        Assert.Equal(room, (string?)found["room_id"]);
        Assert.Equal(MatrixTestServer.ServerName, (string?)found["servers"]![0]);
        Assert.Contains("#tea ☕:one.test", (await alice.GetAsync($"v3/rooms/{room}/aliases")).Ok()["aliases"]!.AsArray().Select(a => (string?)a));
        (await bob.DeleteAsync(path)).Ok();
        (await bob.GetAsync(path)).Fails(404, "M_NOT_FOUND");
        (await bob.DeleteAsync(path)).Fails(404, "M_NOT_FOUND");
    }

    [Fact]
    public async Task Others_delete_an_alias_only_with_power_in_the_room()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        var room = await alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        await bob.JoinAsync(room);
        (await alice.PutAsync(Path("alices"), $$"""{"room_id":"{{room}}"}""")).Ok();
        (await bob.PutAsync(Path("bobs"), $$"""{"room_id":"{{room}}"}""")).Ok();

        (await bob.DeleteAsync(Path("alices"))).Fails(403, "M_FORBIDDEN");
        (await alice.DeleteAsync(Path("bobs"))).Ok();
    }

    [Fact]
    public async Task Deleting_an_alias_takes_it_out_of_the_rooms_canonical_alias()
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync();
        (await alice.PutAsync(Path("main"), $$"""{"room_id":"{{room}}"}""")).Ok();
        (await alice.PutAsync(Path("alt"), $$"""{"room_id":"{{room}}"}""")).Ok();
        (await alice.PutAsync(
            $"v3/rooms/{room}/state/m.room.canonical_alias", """{"alias":"#main:one.test","alt_aliases":["#alt:one.test","#main:one.test"],"other":1}""")).Ok();

        (await alice.DeleteAsync(Path("main"))).Ok();

        var content = (await alice.GetAsync($"v3/rooms/{room}/state/m.room.canonical_alias")).Ok();
        Assert.Equal("""{"alt_aliases":["#alt:one.test"],"other":1}""", content.ToJsonString());
    }

    [Fact]
    public async Task Only_one_of_two_simultaneous_claims_of_an_alias_wins()
    {
        var alice = await server.RegisterAsync("alice");
        var rooms = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => alice.CreateRoomAsync()));

        var answers = await Task.WhenAll(rooms.Select(room => alice.PutAsync(Path("race"), $$"""{"room_id":"{{room}}"}""")));

        var winner = Assert.Single(answers.Index(), a => a.Item.Status == 200).Index;
        Assert.All(answers, a => Assert.True(a.Status is 200 or 409));
        Assert.Equal(rooms[winner], (await alice.GetAsync(Path("race"))).Ok("room_id"));
    }

    [Fact]
    public async Task Aliases_of_a_room_are_listed_for_members_or_if_the_world_may_read()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        var room = await alice.CreateRoomAsync("""{"preset":"public_chat"}""");

        (await bob.GetAsync($"v3/rooms/{room}/aliases")).Fails(403, "M_FORBIDDEN");
        (await alice.PutAsync($"v3/rooms/{room}/state/m.room.history_visibility", """{"history_visibility":"world_readable"}""")).Ok();

        Assert.Empty((await bob.GetAsync($"v3/rooms/{room}/aliases")).Ok()["aliases"]!.AsArray());
    }

    [Theory]
    [InlineData("notanalias", """{"room_id":"!room:one.test"}""", 400, "M_INVALID_PARAM")]
    [InlineData("%23a:other.test", """{"room_id":"!room:one.test"}""", 400, "M_INVALID_PARAM")]
    [InlineData("%23a:one.test", """{"room_id":"room"}""", 400, "M_INVALID_PARAM")]
    [InlineData("%23a:one.test", "{}", 400, "M_MISSING_PARAM")]
    [InlineData("%23a:one.test", """{"room_id":"!nowhere:one.test"}""", 404, "M_NOT_FOUND")]
    public async Task Wrong_requests_are_refused(string alias, string body, int status, string errCode)
    {
        var alice = await server.RegisterAsync("alice");

        (await alice.PutAsync($"v3/directory/room/{alias}", body)).Fails(status, errCode);
    }

    private static string Path(string localpart) => $"v3/directory/room/{Uri.EscapeDataString($"#{localpart}:one.test")}";
}
