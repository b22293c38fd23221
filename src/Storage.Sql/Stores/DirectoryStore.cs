namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Room aliases of this server.</summary>
internal sealed class DirectoryStore(ISqlDatabase database) : IDirectoryStore
{
    private static readonly Statement Select = new("SELECT alias, room_id, creator FROM aliases WHERE alias = $1");
    private static readonly Statement OfRoom = new("SELECT alias FROM aliases WHERE room_id = $1 ORDER BY alias");
    private static readonly Statement CountOfCreator = new("SELECT count(*) FROM aliases WHERE creator = $1");
    private static readonly Statement Insert = new("INSERT INTO aliases (alias, room_id, creator) VALUES ($1, $2, $3)", "the alias is taken");
    private static readonly Statement Delete = new("DELETE FROM aliases WHERE alias = $1 AND room_id = $2 AND creator = $3");

    public ValueTask<AliasRow?> GetAliasAsync(string alias, CancellationToken cancellationToken = default) =>
        database.FirstAsync(Select, static row => new AliasRow(row.Text(0), row.Text(1), row.Text(2)), cancellationToken, alias);

    public ValueTask<IReadOnlyList<string>> AliasesOfAsync(string roomId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(OfRoom, static row => row.Text(0), cancellationToken, roomId).AsReadOnly();

    public async ValueTask<long> CountOfCreatorAsync(string userId, CancellationToken cancellationToken = default) =>
        (await database.QueryAsync(CountOfCreator, static row => row.Integer(0), cancellationToken, userId).ConfigureAwait(false))[0];

    public void AddAlias(WriteUnit unit, AliasRow row) => unit.Add(Insert, row.Alias, row.RoomId, row.Creator);

    public void DeleteAlias(WriteUnit unit, AliasRow row) => unit.Add(Delete, row.Alias, row.RoomId, row.Creator);
}
