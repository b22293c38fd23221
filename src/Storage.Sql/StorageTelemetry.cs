using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace OrleansMatrix.Storage.Sql;

/// <summary>What storage does, for whoever listens to the meter and the activity source named <see cref="Name"/>.</summary>
public static class StorageTelemetry
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "OrleansMatrix.Storage";

    private static readonly Meter s_meter = new(Name);
    private static readonly Histogram<double> s_commits = s_meter.CreateHistogram<double>(
        "matrix.storage.commit.duration", "s", "From the handing over of a unit to its being durable.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] });

    private static readonly Histogram<double> s_feedLag = s_meter.CreateHistogram<double>(
        "matrix.storage.feed.lag", "s", "From a commit of this silo to its place in the feed that wakes syncs.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] });

    /// <summary>The source of activities for queries and commits of a back end whose driver has none.</summary>
    public static ActivitySource Source { get; } = new(Name);

    /// <summary>An activity for a query; null if nobody traces.</summary>
    public static Activity? StartQuery(string system, Statement statement) =>
        Source.HasListeners() ? Source.StartActivity("query", ActivityKind.Client)?.SetTag("db.system.name", system).SetTag("db.query.text", statement.Sql)
            : null;

    /// <summary>Whether anybody wants to know of commits.</summary>
    public static bool IsWatched => s_commits.Enabled || Source.HasListeners();

    /// <summary>Commits, and tells how long that took and how long the feed took to have it.</summary>
    public static async Task<CommitResult> CommitAsync(Func<WriteUnit, Task<CommitResult>> commit, WriteUnit unit, IChangeFeed feed)
    {
        using var activity = Source.StartActivity("commit", ActivityKind.Client);
        var started = Stopwatch.GetTimestamp();
        try
        {
            var result = await commit(unit).ConfigureAwait(false);
            s_commits.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
            if (result.FirstPosition > 0 && s_feedLag.Enabled)
                _ = MeasureFeedAsync(feed, result.FirstPosition, Stopwatch.GetTimestamp());
            return result;
        }
        catch (Exception fault)
        {
            s_commits.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("error.type", fault.GetType().Name));
            activity?.SetStatus(ActivityStatusCode.Error, fault.Message);
            throw;
        }
    }

    private static async Task MeasureFeedAsync(IChangeFeed feed, long position, long committed)
    {
        await feed.WaitForAsync(position, CancellationToken.None).ConfigureAwait(false);
        s_feedLag.Record(Stopwatch.GetElapsedTime(committed).TotalSeconds);
    }
}
