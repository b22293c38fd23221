using System.Text.Json;

namespace OrleansMatrix.Grains.Tests.Reading;

/// <summary>Which users' devices a sync says to ask for because of memberships (C-S API, Tracking the device list for a user).</summary>
public sealed class DeviceListSyncTests
{
    private const string A = "@a:x", B = "@b:y", C = "@c:y";

    [Fact]
    public async Task Who_left_a_room_and_came_back_between_two_syncs_asks_for_the_devices_of_all_in_it()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        await room.JoinAsync(C);
        var since = (await server.SyncAsync(A)).Next();

        await room.LeaveAsync(A);
        await room.LeaveAsync(C);
        await room.JoinAsync(A);

        var sync = await server.SyncAsync(A, since);
        Assert.Equal([B], Users(sync, "changed"));
        Assert.Equal([C], Users(sync, "left"));
        Assert.Null((await server.SyncAsync(A, sync.Next())).At("device_lists"));
    }

    [Fact]
    public async Task Who_is_invited_counts_like_who_joined()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var since = (await server.SyncAsync(A)).Next();

        await room.MemberAsync(A, B, "invite");
        var invited = await server.SyncAsync(A, since);
        Assert.Equal([B], Users(invited, "changed"));
        Assert.Null(invited.At("device_lists", "left"));

        await room.LeaveAsync(B);
        var left = await server.SyncAsync(A, invited.Next());
        Assert.Equal([B], Users(left, "left"));
        Assert.Null(left.At("device_lists", "changed"));
    }

    private static IEnumerable<string?> Users(JsonElement sync, string list) =>
        sync.At("device_lists", list)!.Value.EnumerateArray().Select(u => u.GetString());
}
