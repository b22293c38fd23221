using System.Globalization;
using OrleansMatrix.Simulation;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.WriteLine("commits: 64 writers in each silo, network 1 ms there and back, fsync 2 ms");
Console.WriteLine("| positions | silos | commits/s | groups/s | p50 ms | p99 ms |");
foreach (var way in Enum.GetValues<CommitWay>())
{
    foreach (var silos in (int[])[1, 2, 4, 8, 16])
    {
        var result = CommitSimulation.Run(new CommitModel(way, silos, WritersPerSilo: 64), milliseconds: 20_000);
        Console.WriteLine($"| {way} | {silos} | {result.PerSecond:N0} | {result.GroupsPerSecond:N0} | {result.Latency.At(50):N1} | {result.Latency.At(99):N1} |");
    }
}

Console.WriteLine();
Console.WriteLine("the same with 2,000 writers in all that think for a second: 2,000 commits/s are asked for");
Console.WriteLine("| positions | silos | commits/s | groups/s | p50 ms | p99 ms |");
foreach (var way in Enum.GetValues<CommitWay>())
{
    foreach (var silos in (int[])[1, 2, 4, 8, 16])
    {
        var result = CommitSimulation.Run(new CommitModel(way, silos, WritersPerSilo: 2_000 / silos) { Think = 1_000 }, milliseconds: 20_000);
        Console.WriteLine($"| {way} | {silos} | {result.PerSecond:N0} | {result.GroupsPerSecond:N0} | {result.Latency.At(50):N1} | {result.Latency.At(99):N1} |");
    }
}

Console.WriteLine();
Console.WriteLine("change feed: a room's id of 44 characters, 20 changes in a commit");
Console.WriteLine($"line {ChangeFeed.LineBytes(44)} B, notification {ChangeFeed.NotificationBytes(10_000_000_000)} B");
Console.WriteLine("| silos | changes/s of all | MB/s each silo reads | MB/s the database sends |");
foreach (var (silos, changes) in ((int, double)[])[(3, 1_000), (8, 10_000), (16, 20_000), (32, 50_000), (64, 100_000)])
{
    var (each, all) = ChangeFeed.BytesPerSecond(silos, changes, groups: changes / 20, keyLength: 44, head: 10_000_000_000);
    Console.WriteLine($"| {silos} | {changes:N0} | {each / 1e6:N2} | {all / 1e6:N1} |");
}

Console.WriteLine();
Console.WriteLine("hot room: 0.04 ms of processor for each wake-up, 20 s");
Console.WriteLine("| members online | messages/s | cores | p50 s | p99 s | load |");
foreach (var (online, rate, cores) in ((int, double, int)[])
    [(10_000, 1, 1), (10_000, 10, 4), (100_000, 0.1, 4), (100_000, 1, 4), (100_000, 1, 16), (100_000, 10, 16), (100_000, 10, 64)])
{
    var (delay, load) = new HotRoom(online, rate, cores, WakeMilliseconds: 0.04).Run(seconds: 20);
    Console.WriteLine($"| {online:N0} | {rate} | {cores} | {delay.At(50) / 1000:N2} | {delay.At(99) / 1000:N2} | {load:P0} |");
}

Console.WriteLine();
Console.WriteLine("reconnect storm: 1,000,000 clients within 10 s; a sync takes 0.18 ms of processor, one from nothing 45 ms; a quarter of an hour");
Console.WriteLine("| cores | from nothing | overload | answered | half of these after s | 99 % | requests each | work for nobody |");
foreach (var (cores, initial) in ((int, double)[])[(16, 0), (16, 0.01), (64, 0.1), (64, 1), (256, 1)])
{
    foreach (var overload in Enum.GetValues<Overload>())
    {
        const int Clients = 1_000_000;
        var (answered, wasted, tries) = new ReconnectStorm(Clients, 10, initial, 0.18, 45, cores, overload).Run(seconds: 900);
        Console.WriteLine(
            $"| {cores} | {initial:P0} | {overload} | {(double)answered.Count / Clients:P0} | {answered.At(50):N0} | {answered.At(99):N0} | {tries:N1} | {wasted:P0} |");
    }
}
