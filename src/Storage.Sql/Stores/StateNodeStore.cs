namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>The immutable nodes of the rooms' state maps.</summary>
internal sealed class StateNodeStore(ISqlDatabase database) : IStateNodeStore
{
    private const int ChunkSize = 500;
    private static readonly Statement Insert = new("INSERT INTO state_nodes (id, node) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING", key: 1);
    private static readonly Statement Select = new("SELECT id, node FROM state_nodes WHERE id = $1");
    private static readonly Func<SqlRow, KeyValuePair<StateNodeId, ReadOnlyMemory<byte>>> Read = static row => new(row.Node(0), row.Blob(1));

    public void Put(WriteUnit unit, StateNodeId id, ReadOnlyMemory<byte> node) => unit.Add(Insert, id, node);

    public ValueTask<ReadOnlyMemory<byte>> GetAsync(StateNodeId id, CancellationToken cancellationToken = default)
    {
        var rows = database.QueryAsync(Select, Read, cancellationToken, id);
        return rows.IsCompletedSuccessfully ? new(Only(id, rows.Result)) : Wait(id, rows);

        static async ValueTask<ReadOnlyMemory<byte>> Wait(StateNodeId id, ValueTask<List<KeyValuePair<StateNodeId, ReadOnlyMemory<byte>>>> rows) =>
            Only(id, await rows.ConfigureAwait(false));
        static ReadOnlyMemory<byte> Only(StateNodeId id, List<KeyValuePair<StateNodeId, ReadOnlyMemory<byte>>> rows) =>
            rows.Count > 0 ? rows[0].Value : throw Missing(id);
    }

    public async ValueTask<IReadOnlyDictionary<StateNodeId, ReadOnlyMemory<byte>>> GetManyAsync(
        IReadOnlyCollection<StateNodeId> ids, CancellationToken cancellationToken = default)
    {
        var found = new Dictionary<StateNodeId, ReadOnlyMemory<byte>>(ids.Count);
        foreach (var chunk in ids.Distinct().Chunk(ChunkSize))
        {
            var sets = Array.ConvertAll(chunk, static id => new SqlValue[] { id });
            foreach (var (id, node) in await database.QueryEachAsync(Select, Read, sets, cancellationToken).ConfigureAwait(false)) found[id] = node;
            foreach (var id in chunk)
            {
                if (!found.ContainsKey(id)) throw Missing(id);
            }
        }
        return found;
    }

    private static InvalidDataException Missing(StateNodeId id) => new($"state node {id} is missing");
}
