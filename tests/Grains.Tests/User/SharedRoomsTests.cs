using OrleansMatrix.Grains.Tests.Reading;

namespace OrleansMatrix.Grains.Tests.User;

public sealed class SharedRoomsTests
{
    private const string A = "@a:x";
    private const string B = "@b:x";
    private const string Zoe = "@zoe:elsewhere";

    [Fact]
    public async Task Who_shares_a_room_is_known_anew_after_each_join_and_leave()
    {
        await using var server = await ReadServer.StartAsync();
        var sharing = server.Users.Sharing;
        var one = await TestRoom.CreateAsync(server, A, "!one:x");
        var two = await TestRoom.CreateAsync(server, B, "!two:x");
        await AssertAsync(A);
        await one.JoinAsync(B);
        await AssertAsync(A, B);
        await one.JoinAsync(Zoe);
        await AssertAsync(A, B, Zoe);
        await one.LeaveAsync(B);
        await one.LeaveAsync(Zoe);
        await AssertAsync(A);
        await two.JoinAsync(A);
        await two.JoinAsync(Zoe);
        await AssertAsync(A, B, Zoe);
        Assert.Empty(await sharing.AmongAsync(A, [], CancellationToken.None));
        Assert.DoesNotContain(A, await sharing.AmongAsync(A, [B], CancellationToken.None));

        async Task AssertAsync(params string[] expected)
        {
            await server.Hub.CatchUpAsync(CancellationToken.None);
            var users = (string[])[A, B, Zoe, "@nobody:x"];
            Assert.Equal(expected, (await sharing.AmongAsync(A, users, CancellationToken.None)).Order());
            string[] many = [.. users, .. Enumerable.Range(0, 1000).Select(i => $"@u{i}:x")];
            Assert.Equal(expected, (await sharing.AmongAsync(A, many, CancellationToken.None)).Order());
        }
    }
}
