using Microsoft.AspNetCore.Server.Kestrel.Core;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Other servers are asked by HTTP/2 where they speak it, else by HTTP/1.1.</summary>
public sealed class HttpVersionTests : IAsyncLifetime
{
    private readonly FederatingServer _server = new() { Clock = new TestClock(TimeProvider.System.GetUtcNow()) };

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(HttpProtocols.Http1AndHttp2, "HTTP/2")]
    [InlineData(HttpProtocols.Http2, "HTTP/2")]
    [InlineData(HttpProtocols.Http1, "HTTP/1.1")]
    public async Task A_server_is_joined_and_told_by_what_it_speaks(HttpProtocols protocols, string expected)
    {
        await using var peer = await Peer.StartAsync(protocols: protocols);
        var theirs = new PeersRoom(peer);
        peer.On("GET /_matrix/federation/v1/make_join/", request => theirs.Template(request.Last, "join"));
        peer.On("PUT /_matrix/federation/v2/send_join/", _ => theirs.Joined());
        var inbox = new PeerInbox(peer);
        var alice = await _server.RegisterAsync("alice" + (int)protocols);
        (await alice.PostAsync(theirs.Join)).Ok();
        await alice.SendTextAsync(theirs.Room.RoomId, "hello");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromMilliseconds(1), () => inbox.Pdus.Count > 0);
        Assert.Equal(expected, peer.Protocol);
    }
}
