namespace OrleansMatrix.Simulation;

/// <summary>Silos that commit to one database in groups (ADR 0003): each has one group in flight. Times are in milliseconds.</summary>
/// <param name="WritersPerSilo">Each commits, waits for it, thinks and commits again.</param>
/// <param name="RoundTrip">Of the network between a silo and the database.</param>
/// <param name="Fsync">What syncing the database's log takes.</param>
public sealed record CommitModel(CommitWay Way, int Silos, int WritersPerSilo, double RoundTrip = 1, double Fsync = 2)
{
    /// <summary>The most units in a group (PostgresWriter).</summary>
    public const int MostUnits = 512;

    /// <summary>What the database does for a group, whatever its size.</summary>
    public double PerGroup { get; init; } = 0.2;

    /// <summary>And for each unit in it.</summary>
    public double PerUnit { get; init; } = 0.02;

    /// <summary>The mean of the times that writers think, which are spread exponentially; 0: none does.</summary>
    public double Think { get; init; } = 2;

    public double Execute(int units) => PerGroup + PerUnit * units;
}

/// <summary>What came of it.</summary>
/// <param name="PerSecond">Commits of all silos.</param>
/// <param name="Latency">From handing a unit over to its being durable, milliseconds.</param>
public sealed record CommitResult(double PerSecond, double GroupsPerSecond, Percentiles Latency);
