using OrleansMatrix.Protocol.Searching;
using OrleansMatrix.Storage.Sql;
using OrleansMatrix.Storage.Sql.Stores;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>The search index by a tsvector with a GIN index (postgresql.org/docs, Full Text Search).</summary>
internal sealed class PostgresSearch : SearchSql
{
    private static readonly Statement s_add = new(
        "INSERT INTO search_documents (doc, event_id, size, words) " +
        $"SELECT $4, event_id, $5, array_to_tsvector($6) FROM events WHERE {IsShown} ON CONFLICT DO NOTHING");

    private static readonly Statement s_remove = new("DELETE FROM search_documents WHERE event_id = $1");

    private static readonly Statement s_sortIn = new("SELECT gin_clean_pending_list('search_documents_words')");

    // The matches first: the planner, which knows nothing of the words, would else walk the documents in their order, and compare each.
    private static readonly Statement s_find = new("""
        WITH matches AS MATERIALIZED (SELECT doc, event_id, size FROM search_documents WHERE words @@ CAST($1 AS tsquery))
        SELECT doc, event_id, size FROM matches WHERE doc <= $2 ORDER BY doc DESC LIMIT $3
        """);

    /// <inheritdoc/>
    public override Statement Find => s_find;

    /// <inheritdoc/>
    public override Statement? SortIn => s_sortIn;

    /// <inheritdoc/>
    public override void Add(WriteUnit unit, SearchDocument document, HistoryOrder place, IReadOnlyCollection<string> words)
    {
        ArgumentNullException.ThrowIfNull(unit);
        ArgumentNullException.ThrowIfNull(document);
        unit.Add(new SqlWrite(s_add, [document.EventId, place.Anchor, place.Minor, document.Number, document.Size, SqlValue.List(words)]));
    }

    /// <inheritdoc/>
    public override void Remove(WriteUnit unit, string eventId)
    {
        ArgumentNullException.ThrowIfNull(unit);
        unit.Add(new SqlWrite(s_remove, [eventId]));
    }

    /// <inheritdoc/>
    public override string Expression(IEnumerable<SearchWord> words, IEnumerable<string> rooms) =>
        $"{string.Join(" & ", words.Select(static word => $"'{word.Text}'{(word.IsPrefix ? ":*" : "")}"))} & " +
        $"({string.Join(" | ", rooms.Select(static room => $"'{room}'"))})";
}
