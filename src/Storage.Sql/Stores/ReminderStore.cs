using System.Globalization;

namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Reminders. The etag is a number that only grows: it starts at the clock's milliseconds and each update adds one.</summary>
internal sealed class ReminderStore(ISqlDatabase database, TimeProvider time) : IReminderStore
{
    private const string Columns = "grain_id, name, start_at, period_ms, etag";
    private static readonly Statement SelectAll = new($"SELECT {Columns} FROM reminders ORDER BY grain_id, name");
    private static readonly Statement SelectOf = new($"SELECT {Columns} FROM reminders WHERE grain_id = $1 ORDER BY name");

    private static readonly Statement Upsert = new($"""
        INSERT INTO reminders ({Columns}) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (grain_id, name) DO UPDATE SET start_at = excluded.start_at, period_ms = excluded.period_ms, etag = reminders.etag + 1 RETURNING etag
        """);

    private static readonly Statement Delete = new("DELETE FROM reminders WHERE grain_id = $1 AND name = $2 AND etag = $3 RETURNING etag");

    private static readonly Func<SqlRow, ReminderRow> Read = static row => new(
        row.Text(0), row.Text(1), row.Integer(2), row.Integer(3), row.Integer(4).ToString(CultureInfo.InvariantCulture));

    public ValueTask<IReadOnlyList<ReminderRow>> AllAsync(CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectAll, Read, cancellationToken).AsReadOnly();

    public ValueTask<IReadOnlyList<ReminderRow>> OfAsync(string grainId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectOf, Read, cancellationToken, grainId).AsReadOnly();

    public async ValueTask<string> UpsertAsync(ReminderRow row, CancellationToken cancellationToken = default)
    {
        var etags = await database.WriteAsync(
            new WriteUnit(), Upsert, static read =>
            read.Integer(0), row.GrainId, row.Name, row.StartAt, row.PeriodMs, time.GetUtcNow().ToUnixTimeMilliseconds()).ConfigureAwait(false);
        return etags[0].ToString(CultureInfo.InvariantCulture);
    }

    public async ValueTask<bool> DeleteAsync(string grainId, string name, string etag, CancellationToken cancellationToken = default)
    {
        if (!long.TryParse(etag, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
        return (await database.WriteAsync(new WriteUnit(), Delete, static row => row.Integer(0), grainId, name, number).ConfigureAwait(false)).Count > 0;
    }
}
