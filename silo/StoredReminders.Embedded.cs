using Orleans.Embedded;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo;

/// <summary>The embedded engine's reminders, kept in the server's database.</summary>
internal sealed class StoredReminders(IStorage storage) : IReminderStorage
{
    public async Task<IReadOnlyList<StoredReminder>> ReadAllAsync(CancellationToken cancellationToken) =>
        [.. (await storage.Reminders.AllAsync(cancellationToken)).Select(FromRow)];

    public async Task<IReadOnlyList<StoredReminder>> ReadAsync(string grainId, CancellationToken cancellationToken) =>
        [.. (await storage.Reminders.OfAsync(grainId, cancellationToken)).Select(FromRow)];

    public async Task<string> UpsertAsync(StoredReminder reminder, CancellationToken cancellationToken) => await storage.Reminders.UpsertAsync(
        new ReminderRow(
            reminder.GrainId, reminder.Name, reminder.StartAt.ToUnixTimeMilliseconds(), (long)reminder.Period.TotalMilliseconds, reminder.ETag),
        cancellationToken);

    public async Task<bool> RemoveAsync(string grainId, string name, string eTag, CancellationToken cancellationToken) =>
        await storage.Reminders.DeleteAsync(grainId, name, eTag, cancellationToken);

    private static StoredReminder FromRow(ReminderRow row) =>
        new(row.GrainId, row.Name, DateTimeOffset.FromUnixTimeMilliseconds(row.StartAt), TimeSpan.FromMilliseconds(row.PeriodMs), row.ETag);
}
