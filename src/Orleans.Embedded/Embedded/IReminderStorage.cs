namespace Orleans.Embedded;

/// <summary>A reminder as it is stored.</summary>
/// <param name="GrainId">The grain, <c>type/key</c>.</param>
/// <param name="Name">The reminder's name, unique within the grain.</param>
/// <param name="StartAt">When the first tick is due.</param>
/// <param name="Period">The time between ticks.</param>
/// <param name="ETag">Changes with every write; empty before the first.</param>
public sealed record StoredReminder(string GrainId, string Name, DateTimeOffset StartAt, TimeSpan Period, string ETag);

/// <summary>Where reminders outlive the process. Several silos may share one; all methods are safe to repeat.</summary>
public interface IReminderStorage
{
    /// <summary>All reminders of all grains.</summary>
    Task<IReadOnlyList<StoredReminder>> ReadAllAsync(CancellationToken cancellationToken);

    /// <summary>The reminders of one grain.</summary>
    Task<IReadOnlyList<StoredReminder>> ReadAsync(string grainId, CancellationToken cancellationToken);

    /// <summary>Inserts the reminder or replaces the one of the same grain and name, whatever its etag; returns the new etag.</summary>
    Task<string> UpsertAsync(StoredReminder reminder, CancellationToken cancellationToken);

    /// <summary>Removes the reminder if its etag is still <paramref name="eTag"/>; whether it was removed.</summary>
    Task<bool> RemoveAsync(string grainId, string name, string eTag, CancellationToken cancellationToken);
}
