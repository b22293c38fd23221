using System.Text;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.Room.Serving;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Tests.Reading;

/// <summary>What another server may have of a room's history.</summary>
public sealed class ServedRoomTests
{
    private const string A = "@a:x", Z = "@z:y";

    [Fact]
    public async Task The_event_nearest_to_a_time_is_one_that_the_server_may_see()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.SetAsync(A, "m.room.history_visibility", "", """{"history_visibility":"joined"}""");
        var hidden = await room.SendAsync(A, "hidden");
        await room.JoinAsync(Z);
        var seen = await room.SendAsync(A, "seen");

        var served = (await ServedRoom.OpenAsync(server.Read, room.Id, "y")).Value;
        var time = (await server.Storage.Events.GetAsync(hidden))!.OriginServerTs;
        Assert.Equal(seen, (await FindAsync(time, Direction.Forward))!.EventId);
        Assert.NotEqual(hidden, (await FindAsync(time, Direction.Backward))?.EventId);
        Assert.Null(await FindAsync(time + 10_000, Direction.Forward));

        ValueTask<EventRow?> FindAsync(long timestamp, Direction direction) =>
            EventByTime.FindAsync(server.Storage.Events, room.Id, timestamp, direction, served.MaySeeAsync);
    }

    [Theory]
    [InlineData("joined", false)]
    [InlineData("invited", false)]
    [InlineData("shared", true)]
    [InlineData("world_readable", true)]
    public async Task An_event_whose_state_is_not_known_is_served_by_the_visibility_that_is_known_next(string visibility, bool whole)
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.SetAsync(A, "m.room.history_visibility", "", $$"""{"history_visibility":"{{visibility}}"}""");
        var sent = await room.SendAsync(A, "of a gap");
        await room.JoinAsync(Z);
        var row = (await server.Storage.Events.GetAsync(sent))!;

        var served = (await ServedRoom.OpenAsync(server.Read, room.Id, "y")).Value;

        var json = Encoding.UTF8.GetString((await served.RenderAsync(row with { StateBefore = null })).Span);
        Assert.Equal(whole, json.Contains("of a gap", StringComparison.Ordinal));
    }
}
