using System.Globalization;

namespace OrleansMatrix.Peers.Tests;

/// <summary>
/// Honest, slow, old, sloppy and lying servers share rooms with a running one over networks that are cut. <c>SCHEDULES</c> schedules from
/// <c>SCHEDULES_SEED</c> (1) on; without that as many as a minute has time for.
/// </summary>
public sealed class PeerTests(ITestOutputHelper output)
{
    private const int Seconds = 45;

    /// <summary>Enough for each operation to come up.</summary>
    private const int AllOperations = 35;

    /// <summary>
    /// What this server never asks others for: it is nobody that a user proves its name to, identity servers tell of addresses, pictures are made small here,
    /// lists of rooms are asked for with a filter, no query is known but the two that have a name, keys are asked for in one request for all, a name with a
    /// port has no <c>.well-known</c>, and the version is asked for by a command only.
    /// </summary>
    private static readonly string[] s_neverAsks =
    [
        "GET /_matrix/federation/v1/version", "GET /_matrix/federation/v1/openid/userinfo", "PUT /_matrix/federation/v1/3pid/onbind",
        "GET /_matrix/federation/v1/media/thumbnail/{mediaId}", "GET /_matrix/federation/v1/publicRooms", "GET /_matrix/federation/v1/query/{queryType}",
        "GET /_matrix/key/v2/query/{serverName}", "GET /.well-known/matrix/server",
    ];

    /// <summary>What nobody has success with: no query is known but the two that have a name.</summary>
    private static readonly string[] s_neverAnswered = ["GET /_matrix/federation/v1/query/{queryType}"];

    [Fact]
    public async Task Servers_of_all_kinds_agree_in_the_end()
    {
        var schedules = Setting("SCHEDULES");
        var first = Setting("SCHEDULES_SEED") ?? 1;
        await using var run = await PeersRun.StartAsync();
        await run.PlayAsync(first, schedules ?? int.MaxValue / 2, schedules is null ? TimeSpan.FromSeconds(Seconds) : TimeSpan.MaxValue);
        output.WriteLine($"{run.Played} schedules from seed {first} on; the longest was {run.Longest.Seed} with {run.Longest.Time.TotalSeconds:0} s");
        output.WriteLine($"never asked here: {string.Join(", ", Lacking(run.Asked, s_neverAnswered))}");
        output.WriteLine($"never asked of others: {string.Join(", ", Lacking(run.Asks, s_neverAsks))}");
        if (run.Played < AllOperations)
            return;
        Assert.Empty(Lacking(run.Asked, s_neverAnswered));
        Assert.Empty(Lacking(run.Asks, s_neverAsks));
    }

    private static IEnumerable<string> Lacking(Operations operations, string[] but) => Operations.All.Except(but).Where(o => !operations.Counts.ContainsKey(o));

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
