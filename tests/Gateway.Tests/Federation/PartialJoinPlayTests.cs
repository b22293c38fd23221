using System.Globalization;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Whatever clients do at any moment of a join without members, the room becomes whole. <c>PARTIAL_JOINS</c> says how many are played.</summary>
public sealed class PartialJoinPlayTests(TwoServers servers) : IClassFixture<TwoServers>
{
    private const int Usual = 8;

    [Fact]
    public async Task A_room_joined_without_members_becomes_whole_whatever_clients_do_meanwhile()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("PARTIAL_JOINS") ?? $"{Usual}", CultureInfo.InvariantCulture);
        var first = int.Parse(Environment.GetEnvironmentVariable("PARTIAL_JOINS_SEED") ?? "1", CultureInfo.InvariantCulture);
        for (var seed = first; seed < first + count; seed++)
        {
            var play = new PartialJoinPlay(servers, seed);
            try
            {
                await play.RunAsync();
            }
            catch (Exception e)
            {
                Assert.Fail($"{string.Join(", ", play.Steps)}: {e}\n{servers.Two.Faults}");
            }
        }
    }
}
