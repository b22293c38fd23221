using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Persistence;

/// <summary>
/// Orleans' reminders in the server's database, for one silo on SQLite. A silo alone has all of the ring, so ranges are picked out of the whole table.
/// </summary>
internal sealed class StoredReminders(IStorage storage) : IReminderTable
{
    public async Task<ReminderTableData> ReadRows(GrainId grainId) => new((await storage.Reminders.OfAsync(grainId.ToString())).Select(FromRow));

    public async Task<ReminderTableData> ReadRows(uint begin, uint end) =>
        new((await storage.Reminders.AllAsync()).Select(FromRow).Where(entry => IsBetween(entry.GrainId.GetUniformHashCode(), begin, end)));

    public async Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName) =>
        (await storage.Reminders.OfAsync(grainId.ToString())).FirstOrDefault(row => row.Name == reminderName) is { } row ? FromRow(row) : null;

    public async Task<string?> UpsertRow(ReminderEntry entry) => await storage.Reminders.UpsertAsync(new ReminderRow(
        entry.GrainId.ToString(), entry.ReminderName, new DateTimeOffset(entry.StartAt, TimeSpan.Zero).ToUnixTimeMilliseconds(),
        (long)entry.Period.TotalMilliseconds,
        entry.ETag ?? ""));

    public async Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag) =>
        await storage.Reminders.DeleteAsync(grainId.ToString(), reminderName, eTag);

    public Task TestOnlyClearTable() => throw new NotSupportedException();

    /// <summary>In (begin, end] of the ring; the whole of it if they are the same.</summary>
    private static bool IsBetween(uint hash, uint begin, uint end) => begin < end ? hash > begin && hash <= end : hash > begin || hash <= end;

    private static ReminderEntry FromRow(ReminderRow row) => new()
    {
        GrainId = GrainId.Parse(row.GrainId),
        ReminderName = row.Name,
        StartAt = DateTimeOffset.FromUnixTimeMilliseconds(row.StartAt).UtcDateTime,
        Period = TimeSpan.FromMilliseconds(row.PeriodMs),
        ETag = row.ETag,
    };
}
