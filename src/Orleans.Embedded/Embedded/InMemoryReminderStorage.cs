using System.Globalization;

namespace Orleans.Embedded;

/// <summary>Reminders that end with the process.</summary>
public sealed class InMemoryReminderStorage : IReminderStorage
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string GrainId, string Name), StoredReminder> _reminders = [];
    private long _version;

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredReminder>> ReadAllAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<StoredReminder>>([.. _reminders.Values]);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredReminder>> ReadAsync(string grainId, CancellationToken cancellationToken)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<StoredReminder>>([.. _reminders.Values.Where(r => r.GrainId == grainId)]);
    }

    /// <inheritdoc/>
    public Task<string> UpsertAsync(StoredReminder reminder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reminder);
        lock (_lock)
        {
            var eTag = (++_version).ToString(CultureInfo.InvariantCulture);
            _reminders[(reminder.GrainId, reminder.Name)] = reminder with { ETag = eTag };
            return Task.FromResult(eTag);
        }
    }

    /// <inheritdoc/>
    public Task<bool> RemoveAsync(string grainId, string name, string eTag, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_reminders.TryGetValue((grainId, name), out var reminder) && reminder.ETag == eTag
                && _reminders.Remove((grainId, name)));
        }
    }
}
