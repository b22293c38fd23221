using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Grains.Abstractions.RateLimiting;
using OrleansMatrix.Grains.RemoteServer;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Who has made this server ask others too much has it ask no more; other users are not concerned.</summary>
public sealed class CallerQueriesTests : IAsyncLifetime
{
    private readonly TestClock _clock = new();
    private FederatingServer _server = null!;
    private Peer _peer = null!;

    public static TheoryData<string, string, string> Requests { get; } = new()
    {
        { "GET", "v3/directory/room/%23far:PEER", "" },
        { "GET", "v3/publicRooms?server=PEER", "" },
        { "POST", "v3/publicRooms?server=PEER", "{}" },
        { "POST", "v3/keys/query", """{"device_keys":{"@zoe:PEER":[]}}""" },
        { "POST", "v3/keys/claim", """{"one_time_keys":{"@zoe:PEER":{"D":"signed_curve25519"}}}""" },
        { "GET", "v1/room_summary/%23far:PEER", "" },
        { "GET", "v1/room_summary/!far:PEER?via=PEER", "" },
        { "GET", "v1/rooms/SPACE/hierarchy", "" },
        { "POST", "v3/join/%23far:PEER", "{}" },
        { "POST", "v3/join/!far:PEER?via=PEER", "{}" },
        { "POST", "v3/knock/!far:PEER?via=PEER", "{}" },
    };

    public async ValueTask InitializeAsync()
    {
        _server = new FederatingServer { MoreSettings = ["--Matrix:RateLimits:Enabled=true"], Clock = _clock };
        await _server.InitializeAsync();
        _peer = await Peer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Who_asked_too_much_asks_no_more(string method, string path, string body)
    {
        var anna = await _server.RegisterAsync("anna");
        var bert = await _server.RegisterAsync("bert");
        var space = await anna.CreateRoomAsync("""{"preset":"public_chat","creation_content":{"type":"m.space"}}""");
        (await anna.PutAsync($"v3/rooms/{Uri.EscapeDataString(space)}/state/m.space.child/{Uri.EscapeDataString($"!far:{_peer.Name}")}",
            $$"""{"via":["{{_peer.Name}}"]}""")).Ok();
        await bert.JoinAsync(space);
        await DrainAsync(anna.UserId);

        var refused = await AskAsync(anna);
        Assert.DoesNotContain(_peer.Asked, IsQuery);

        // Of rooms that no server tells of, no more than that is said.
        if (!path.StartsWith("v1/room", StringComparison.Ordinal) || path.Contains('%', StringComparison.Ordinal))
            Assert.Contains("M_LIMIT_EXCEEDED", refused.Text, StringComparison.Ordinal);
        await AskAsync(bert);
        Assert.Contains(_peer.Asked, IsQuery);

        // What does not answer is not asked again for a minute; by then there are tokens too.
        var asked = _peer.Asked.Count(IsQuery);
        _clock.Advance(TimeSpan.FromSeconds(120));
        await AskAsync(anna);
        Assert.NotEqual(asked, _peer.Asked.Count(IsQuery));

        Task<Answer> AskAsync(TestClient user) => method == "GET" ? user.GetAsync(Named(path)) : user.PostAsync(Named(path), Named(body));

        string Named(string text) =>
            text.Replace("PEER", _peer.Name.Value, StringComparison.Ordinal).Replace("SPACE", Uri.EscapeDataString(space), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v3/directory/room/%23far:PEER")]
    [InlineData("v3/profile/%40zoe:PEER")]
    [InlineData("v3/profile/%40zoe:PEER/displayname")]
    public async Task Without_a_user_it_is_counted_by_address(string path)
    {
        await DrainAsync("127.0.0.1");
        (await _server.Anonymous().GetAsync(path.Replace("PEER", _peer.Name.Value, StringComparison.Ordinal))).Fails(429, "M_LIMIT_EXCEEDED");
        Assert.DoesNotContain(_peer.Asked, IsQuery);
    }

    private static bool IsQuery(string line) => !line.Contains("/_matrix/key/", StringComparison.Ordinal) && !line.Contains("/send/", StringComparison.Ordinal) &&
        !line.Contains("version", StringComparison.Ordinal);

    private async Task DrainAsync(string caller)
    {
        var grains = _server.Services.GetRequiredService<IGrainFactory>();
        var lease = await grains.GetGrain<IRateLimitGrain>(CallerQueries.BucketsOf(caller)).Take(
            caller, CallerQueries.RateOfOne, CallerQueries.RateOfOne.Burst);
        Assert.Equal(CallerQueries.RateOfOne.Burst, lease.Tokens);
    }
}
