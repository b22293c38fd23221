using System.Globalization;

namespace OrleansMatrix.Federation.Network.Tests.Schedules;

/// <summary>
/// Servers that are cut off from each other and joined again while all of them change a room: once everything has arrived they agree, and nothing that was
/// acknowledged is missing.
/// </summary>
public sealed class ScheduleTests(ScheduleServers servers) : IClassFixture<ScheduleServers>
{
    /// <summary>How many schedules to play: SCHEDULES, or enough for every run.</summary>
    private static readonly int s_schedules =
        int.TryParse(Environment.GetEnvironmentVariable("SCHEDULES"), NumberStyles.None, CultureInfo.InvariantCulture, out var schedules) ? schedules : 30;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, s_schedules)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Servers_agree_in_the_end(int seed) => await new Schedule(servers, seed).RunAsync();
}
