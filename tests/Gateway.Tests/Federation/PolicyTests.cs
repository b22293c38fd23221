using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Federation.Checking;
using OrleansMatrix.Federation.Discovery;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Who is talked to, and what can be seen of a server from outside.</summary>
public sealed class PolicyTests
{
    [Theory]
    [InlineData("--Matrix:Federation:Deny:0=127.0.0.*")]
    [InlineData("--Matrix:Federation:Allow:0=*.example.org")]
    public async Task Servers_that_the_lists_do_not_allow_are_neither_heard_nor_asked_nor_sent_to(string setting)
    {
        await using var peer = await Peer.StartAsync();
        var inbox = new PeerInbox(peer);
        await using var server = new FederatingServer { MoreSettings = [setting] };
        await server.InitializeAsync();
        var alice = await server.RegisterAsync("alice");
        (await peer.AskAsync(server, HttpMethod.Get, "/_matrix/federation/v1/query/profile?user_id=x")).Fails(403, "M_FORBIDDEN");
        (await alice.PutAsync("v3/sendToDevice/m.test/1", $$$"""{"messages":{"{{{peer.UserId("zoe")}}}":{"*":{} } } }""")).Ok();
        var query = (await alice.PostAsync("v3/keys/query", $$"""{"device_keys":{"{{peer.UserId("zoe")}}":[]} }""")).Ok();
        Assert.Equal(peer.Name.Value, Assert.Single(query["failures"]!.AsObject()).Key);
        var outbox = server.Services.GetRequiredService<IStorage>().Outbox;
        for (var i = 0; i < 500 && (await outbox.DestinationsWithQueueAsync()).Count > 0; i++)
            await Task.Delay(10);
        Assert.Empty(await outbox.DestinationsWithQueueAsync());
        Assert.Empty(peer.Asked);
        Assert.Equal(0, inbox.Count);
    }

    [Fact]
    public async Task A_check_of_a_running_server_finds_all_in_order_but_the_certificate_of_its_own_making()
    {
        await using var server = new FederatingServer();
        await server.InitializeAsync();
        var network = new CheckNetwork(
            server.Services.GetRequiredService<IHttpClientFactory>(), server.Services.GetRequiredService<ISrvLookup>(), TimeProvider.System);
        var report = new CheckReport();
        await new ServerCheck(network, new AddressPolicy(allowPrivate: true), TimeProvider.System)
            .RunAsync(server.FederationName, report, CancellationToken.None);
        Assert.All(report.Lines.Where(l => l.Level == CheckLevel.Wrong), l =>
            Assert.StartsWith($"The certificate at {server.FederationName}", l.Text, StringComparison.Ordinal));
        Assert.Contains(report.Lines, l => l.Text.StartsWith("A Matrix server answers at", StringComparison.Ordinal));
        Assert.Contains(report.Lines, l => l.Text.StartsWith("The keys at", StringComparison.Ordinal) && l.Level == CheckLevel.Good);
        Assert.False(report.IsGood);
    }
}
