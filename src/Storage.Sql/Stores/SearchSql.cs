using OrleansMatrix.Protocol.Searching;

namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>The part of the search index that each back end does in its own way.</summary>
public abstract class SearchSql
{
    /// <summary>Holds for an event that may be in the index: $1 is its id, $2 and $3 its anchor and minor.</summary>
    protected const string IsShown = "event_id = $1 AND anchor = $2 AND minor = $3 AND status = 0 AND redacted_by IS NULL";

    /// <summary>Number, event id and size of the documents that match $1, with numbers up to $2, the newest first, at most $3.</summary>
    public abstract Statement Find { get; }

    /// <summary>Sorts in what was added; null where the commit does.</summary>
    public virtual Statement? SortIn => null;

    /// <summary>Adds a document with its words as the index has them, if its event may be in the index, and neither event nor number is yet.</summary>
    public abstract void Add(WriteUnit unit, SearchDocument document, HistoryOrder place, IReadOnlyCollection<string> words);

    /// <summary>Removes the document of an event.</summary>
    public abstract void Remove(WriteUnit unit, string eventId);

    /// <summary>The expression for all of the words, in one of the rooms. All are words of the index, which hold nothing that is an operator.</summary>
    public abstract string Expression(IEnumerable<SearchWord> words, IEnumerable<string> rooms);
}
