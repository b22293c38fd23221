using OrleansMatrix.Protocol.Searching;
using OrleansMatrix.Storage.Sql;
using OrleansMatrix.Storage.Sql.Stores;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>The search index by FTS5 (sqlite.org/fts5.html), its rows numbered as the documents.</summary>
internal sealed class SqliteSearch : SearchSql
{
    private const string IsWanted = $"FROM events WHERE {IsShown} AND NOT EXISTS (SELECT 1 FROM search_documents WHERE event_id = $1 OR doc = $4)";

    // An index without content takes a second row of a number: only the condition keeps it out.
    private static readonly Statement s_addWords = new($"INSERT INTO search_words (rowid, words) SELECT $4, $5 {IsWanted}");
    private static readonly Statement s_add = new($"INSERT INTO search_documents (doc, event_id, size) SELECT $4, $1, $5 {IsWanted}");

    private static readonly Statement s_removeWords =
        new("DELETE FROM search_words WHERE rowid = (SELECT doc FROM search_documents WHERE event_id = $1)");
    private static readonly Statement s_remove = new("DELETE FROM search_documents WHERE event_id = $1");

    // In the order of the index, which ends at the limit.
    private static readonly Statement s_find = new("""
        SELECT doc, event_id, size FROM search_words($1) AS matches CROSS JOIN search_documents ON doc = matches.rowid
        WHERE matches.rowid <= $2 ORDER BY matches.rowid DESC LIMIT $3
        """);

    /// <inheritdoc/>
    public override Statement Find => s_find;

    /// <inheritdoc/>
    public override void Add(WriteUnit unit, SearchDocument document, HistoryOrder place, IReadOnlyCollection<string> words)
    {
        ArgumentNullException.ThrowIfNull(unit);
        ArgumentNullException.ThrowIfNull(document);
        unit.Add(new SqlWrite(s_addWords, [document.EventId, place.Anchor, place.Minor, document.Number, string.Join(' ', words)]));
        unit.Add(new SqlWrite(s_add, [document.EventId, place.Anchor, place.Minor, document.Number, document.Size]));
    }

    /// <inheritdoc/>
    public override void Remove(WriteUnit unit, string eventId)
    {
        ArgumentNullException.ThrowIfNull(unit);
        unit.Add(new SqlWrite(s_removeWords, [eventId]));
        unit.Add(new SqlWrite(s_remove, [eventId]));
    }

    /// <inheritdoc/>
    public override string Expression(IEnumerable<SearchWord> words, IEnumerable<string> rooms) =>
        $"{string.Join(" AND ", words.Select(static word => $"\"{word.Text}\"{(word.IsPrefix ? "*" : "")}"))} AND " +
        $"({string.Join(" OR ", rooms.Select(static room => $"\"{room}\""))})";
}
