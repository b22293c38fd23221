using System.Globalization;
using System.Text;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>
/// What silos tell each other of a group that is on disk: the new head, and if there is room a line for each change of the group, its kind's number and key.
/// </summary>
/// <param name="Head">All up to here is on disk.</param>
/// <param name="Changes">The last ones up to <paramref name="Head"/>; empty: they are to be read.</param>
internal readonly record struct ChangeNotice(long Head, Change[] Changes)
{
    /// <summary>PostgreSQL's notifications have less than 8,000 bytes, the head's 19 among them.</summary>
    private const int MostBytes = 7_900;

    /// <summary>What follows the head in the payload.</summary>
    public static string Lines(IReadOnlyCollection<Change> changes)
    {
        var lines = string.Concat(changes.Select(static change => string.Create(CultureInfo.InvariantCulture, $"\n{(int)change.Kind} {change.Key}")));
        var isFit = Encoding.UTF8.GetByteCount(SqlText.Escape(lines)) <= MostBytes && lines.Count(static c => c == '\n') == changes.Count;
        return isFit ? lines : "";
    }

    /// <summary>Reads a payload; null if it is none.</summary>
    public static ChangeNotice? Parse(string payload)
    {
        var lines = payload.Split('\n');
        if (!long.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var head)) return null;
        var changes = new Change[lines.Length - 1];
        for (var i = 0; i < changes.Length; i++)
        {
            var line = lines[i + 1];
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0 || !byte.TryParse(line.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var kind)) return null;
            changes[i] = new Change(head - changes.Length + 1 + i, (ChangeKind)kind, SqlText.Unescape(line[(space + 1)..]));
        }
        return new(head, changes);
    }
}
