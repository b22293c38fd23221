using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.User.Unread;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Tests.Reading;

public sealed class NotificationsReadTests
{
    private const string A = "@a:x", B = "@b:x";

    [Fact]
    public async Task Nothing_more_is_judged_for_who_has_gone()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        await room.SendAsync(A, "hello b");
        var requester = new Requester(UserId.Parse(B), "D");
        Assert.Contains("hello b", System.Text.Encoding.UTF8.GetString(
            (await new NotificationsRead(server.State(B), requester, TestContext.Current.CancellationToken).ReadAsync(null, 10, null)).Value.Span));

        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new NotificationsRead(server.State(B), requester, gone.Token).ReadAsync(null, 10, null));
    }
}
