using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Which servers, and which of their endpoints, a join tries until one lets the user in (S-S API, Joining Rooms).</summary>
public sealed class JoinTriesTests(TwoServers servers) : IClassFixture<TwoServers>
{
    private FederatingServer Two => servers.Two;

    [Fact]
    public async Task A_server_that_knows_only_the_old_way_is_joined_by_it()
    {
        await using var hand = await PeersRoom.StartAsync();
        hand.OnSendJoin("", status: 404);
        hand.Peer.On("PUT /_matrix/federation/v1/send_join/", _ => new Answer(200, $"[200,{hand.Joined().ToJsonString()}]"));
        var bert = await Two.RegisterAsync("bert");
        (await bert.PostAsync(hand.Join)).Ok();
        Assert.Equal("public", (await bert.GetAsync($"v3/rooms/{hand.Room.Path}/state/m.room.join_rules")).Ok("join_rule"));
        Assert.Contains(hand.Mallory, (await bert.GetAsync($"v3/rooms/{hand.Room.Path}/joined_members")).Ok()["joined"]!.AsObject().Select(m => m.Key));
    }

    [Fact]
    public async Task The_server_that_an_old_rooms_id_names_is_tried_after_those_that_the_client_names()
    {
        await using var hand = await PeersRoom.StartAsync();
        await using var other = await Peer.StartAsync();
        var bert = await Two.RegisterAsync("bert");
        Assert.Equal(hand.Room.RoomId, (await bert.PostAsync($"v3/join/{hand.Room.Path}?via={other.Name}")).Ok("room_id"));
        Assert.Contains(other.Asked, line => line.Contains("/make_join/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(500, "M_UNKNOWN")]
    [InlineData(403, "M_FORBIDDEN")]
    [InlineData(400, "M_UNABLE_TO_AUTHORISE_JOIN")]
    [InlineData(404, "M_NOT_FOUND")]
    public async Task However_a_resident_says_that_it_lets_nobody_in_the_next_one_is_asked(int status, string errCode)
    {
        await using var hand = await PeersRoom.StartAsync();
        await using var other = await Peer.StartAsync();
        other.On("GET /_matrix/federation/v1/make_join/", _ => new Answer(status, $$"""{"errcode":"{{errCode}}","error":"?"}"""));
        var bert = await Two.RegisterAsync("bert");
        (await bert.PostAsync($"v3/join/{hand.Room.Path}?via={other.Name}&via={hand.Peer.Name}")).Ok();
        Assert.Contains(other.Asked, line => line.Contains("/make_join/", StringComparison.Ordinal));
    }
}
