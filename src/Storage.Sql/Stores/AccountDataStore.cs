using System.Security.Cryptography;

namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Account data and filters.</summary>
internal sealed class AccountDataStore(ISqlDatabase database) : IAccountDataStore
{
    private const string Columns = "user_id, room_id, type, json, pos";

    private static readonly Statement Upsert = new("""
        INSERT INTO account_data (user_id, room_id, type_key, type, json, pos) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id, room_id, type_key) DO UPDATE SET json = excluded.json, pos = excluded.pos
        """);

    private static readonly Statement Select = new($"SELECT {Columns} FROM account_data WHERE user_id = $1 AND room_id = $2 AND type_key = $3");
    private static readonly Statement Changed = new($"SELECT {Columns} FROM account_data WHERE user_id = $1 AND pos > $2 AND pos <= $3 ORDER BY pos");
    private static readonly Statement AddFilter =
        new("INSERT INTO filters (user_id, filter_id, json) VALUES ($1, $2, $3) ON CONFLICT (user_id, filter_id) DO NOTHING");
    private static readonly Statement SelectFilter = new("SELECT json FROM filters WHERE user_id = $1 AND filter_id = $2");

    private static readonly Statement Size = new("SELECT count(*), CAST(COALESCE(sum(length(json)), 0) AS BIGINT) FROM account_data WHERE user_id = $1");
    private static readonly Statement FiltersSize = new("SELECT count(*), CAST(COALESCE(sum(length(json)), 0) AS BIGINT) FROM filters WHERE user_id = $1");

    private static readonly Statement[] DeletesOfUser = [new("DELETE FROM account_data WHERE user_id = $1"), new("DELETE FROM filters WHERE user_id = $1")];

    private static readonly Func<SqlRow, AccountDataRow> Read = static row => new(row.Text(0), row.Text(1), row.Text(2), row.Blob(3), row.Integer(4));

    public void Put(WriteUnit unit, AccountDataRow row, PositionSlot slot) =>
        unit.Add(Upsert, row.UserId, row.RoomId, SqlText.Key(row.Type), row.Type, row.Json, slot);

    public void DeleteAll(WriteUnit unit, string userId)
    {
        foreach (var delete in DeletesOfUser) unit.Add(delete, userId);
    }

    public ValueTask<AccountDataRow?> GetAsync(string userId, string roomId, string type, CancellationToken cancellationToken = default) =>
        database.FirstAsync(Select, Read, cancellationToken, userId, roomId, SqlText.Key(type));

    public ValueTask<IReadOnlyList<AccountDataRow>> ChangedAsync(string userId, long after, long upTo, CancellationToken cancellationToken = default) =>
        database.QueryAsync(Changed, Read, cancellationToken, userId, after, upTo).AsReadOnly();

    public async ValueTask<string> AddFilterAsync(string userId, ReadOnlyMemory<byte> json, CancellationToken cancellationToken = default)
    {
        var id = IdOf(json);
        if (await GetFilterAsync(userId, id, cancellationToken).ConfigureAwait(false) is not null) return id;
        var unit = new WriteUnit();
        unit.Add(AddFilter, userId, id, json);
        await database.CommitAsync(unit).ConfigureAwait(false);
        return id;
    }

    public async ValueTask<bool> HasFilterAsync(string userId, ReadOnlyMemory<byte> json, CancellationToken cancellationToken = default) =>
        await GetFilterAsync(userId, IdOf(json), cancellationToken).ConfigureAwait(false) is not null;

    public ValueTask<(long Count, long Bytes)> SizeAsync(string userId, CancellationToken cancellationToken = default) =>
        SizeAsync(Size, userId, cancellationToken);

    public ValueTask<(long Count, long Bytes)> FiltersSizeAsync(string userId, CancellationToken cancellationToken = default) =>
        SizeAsync(FiltersSize, userId, cancellationToken);

    // The id is the content's hash, so equal filters share one without a counter.
    private static string IdOf(ReadOnlyMemory<byte> json) => Convert.ToHexStringLower(SHA256.HashData(json.Span).AsSpan(0, 12));

    private async ValueTask<(long Count, long Bytes)> SizeAsync(Statement statement, string userId, CancellationToken cancellationToken) =>
        (await database.QueryAsync(statement, static row => (row.Integer(0), row.Integer(1)), cancellationToken, userId).ConfigureAwait(false))[0];

    public async ValueTask<ReadOnlyMemory<byte>?> GetFilterAsync(string userId, string filterId, CancellationToken cancellationToken = default) =>
        await database.FirstAsync(SelectFilter, static row => row.Blob(0), cancellationToken, userId, filterId).ConfigureAwait(false) is { } json ? json
            : (ReadOnlyMemory<byte>?)null;
}
