using OrleansMatrix.Federation.Discovery;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Federation.Tests;

/// <summary>Each step of S-S API, Resolving server names.</summary>
public sealed class ServerResolverTests : IWellKnownClient, ISrvLookup
{
    private readonly TestClock _clock = new();
    private readonly Dictionary<string, IReadOnlyList<SrvRecord>> _srv = [];
    private WellKnownAnswer _wellKnown = new(null, null);
    private int _fetches;

    private ServerResolver Resolver => field ??= new ServerResolver(this, this, new SeededRandom(1), _clock);

    [Theory]
    [InlineData("1.2.3.4", "1.2.3.4", 8448, "1.2.3.4", "1.2.3.4", "1")]
    [InlineData("1.2.3.4:99", "1.2.3.4", 99, "1.2.3.4:99", "1.2.3.4", "1")]
    [InlineData("[2001:db8::1]", "2001:db8::1", 8448, "[2001:db8::1]", "2001:db8::1", "1")]
    [InlineData("example.org:99", "example.org", 99, "example.org:99", "example.org", "2")]
    [InlineData("example.org", "example.org", 8448, "example.org", "example.org", "6")]
    public async Task Names_without_delegation(string name, string host, int port, string header, string certificate, string step) =>
        Assert.Equal([new ServerAddress(host, port, header, certificate, step)], await ResolveAsync(name));

    [Theory]
    [InlineData("5.6.7.8", "5.6.7.8", 8448, "5.6.7.8", "5.6.7.8", "3.1")]
    [InlineData("5.6.7.8:77", "5.6.7.8", 77, "5.6.7.8:77", "5.6.7.8", "3.1")]
    [InlineData("hs.example.org:77", "hs.example.org", 77, "hs.example.org:77", "hs.example.org", "3.2")]
    [InlineData("hs.example.org", "hs.example.org", 8448, "hs.example.org", "hs.example.org", "3.5")]
    public async Task Names_delegated_by_well_known(string delegated, string host, int port, string header, string certificate, string step)
    {
        _wellKnown = new(ServerName.Parse(delegated), null);
        Assert.Equal([new ServerAddress(host, port, header, certificate, step)], await ResolveAsync("example.org"));
    }

    [Theory]
    [InlineData("_matrix-fed._tcp.", "4", "3.3")]
    [InlineData("_matrix._tcp.", "5", "3.4")]
    public async Task Names_with_SRV_records_keep_host_header_and_certificate(string service, string step, string delegatedStep)
    {
        _srv[service + "example.org"] = [new SrvRecord(10, 0, 1010, "target.example"), new SrvRecord(1, 5, 1001, "first.example")];
        _srv[service + "hs.example.org"] = [new SrvRecord(1, 5, 2000, "other.example")];
        Assert.Equal(
            [new ServerAddress("first.example", 1001, "example.org", "example.org", step),
            new ServerAddress("target.example", 1010, "example.org", "example.org", step)],
            await ResolveAsync("example.org"));
        _wellKnown = new(ServerName.Parse("hs.example.org"), null);
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal([new ServerAddress("other.example", 2000, "hs.example.org", "hs.example.org", delegatedStep)], await ResolveAsync("example.org"));
    }

    [Fact]
    public async Task A_valid_answer_holds_as_long_as_it_says_but_not_longer_than_two_days()
    {
        _wellKnown = new(ServerName.Parse("hs.example.org:1"), TimeSpan.FromDays(30));
        await ResolveAsync("example.org");
        _clock.Advance(TimeSpan.FromHours(47));
        await ResolveAsync("example.org");
        Assert.Equal(1, _fetches);
        _clock.Advance(TimeSpan.FromHours(2));
        await ResolveAsync("example.org");
        Assert.Equal(2, _fetches);
    }

    [Fact]
    public async Task Failures_are_remembered_longer_each_time_up_to_an_hour()
    {
        foreach (var minutes in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            await ResolveAsync("example.org");
            var fetches = _fetches;
            _clock.Advance(TimeSpan.FromMinutes(minutes) - TimeSpan.FromSeconds(1));
            await ResolveAsync("example.org");
            Assert.Equal(fetches, _fetches);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task Records_of_one_priority_are_chosen_by_weight()
    {
        _srv["_matrix-fed._tcp.example.org"] = [new SrvRecord(1, 90, 1, "heavy.example"), new SrvRecord(1, 10, 1, "light.example")];
        var heavyFirst = 0;
        for (var i = 0; i < 500; i++)
            heavyFirst += (await ResolveAsync("example.org"))[0].Host == "heavy.example" ? 1 : 0;
        Assert.InRange(heavyFirst, 400, 490);
    }

    [Fact]
    public async Task Records_that_name_port_0_are_no_addresses()
    {
        _srv["_matrix-fed._tcp.example.org"] = [new SrvRecord(1, 1, 0, "zero.example")];
        Assert.Empty(await ResolveAsync("example.org"));
    }

    private Task<IReadOnlyList<ServerAddress>> ResolveAsync(string name) => Resolver.ResolveAsync(ServerName.Parse(name), CancellationToken.None);

    public Task<WellKnownAnswer> FetchAsync(string host, CancellationToken cancellationToken)
    {
        Assert.Equal("example.org", host);
        _fetches++;
        return Task.FromResult(_wellKnown);
    }

    public Task<IReadOnlyList<SrvRecord>> LookupAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult(_srv.GetValueOrDefault(name) ?? []);
}
