using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>The newest live events of a room as they were read for one sync. Immutable.</summary>
/// <param name="Newest">Newest first.</param>
/// <param name="CompleteAfter">No live event behind this position and up to <paramref name="ReadAt"/> is missing in <paramref name="Newest"/>.</param>
/// <param name="ReadAt">The position up to which was read.</param>
/// <param name="PartialUntil">
/// The position from which on the members of a room joined without them are known, <see cref="long.MaxValue"/> if they are not yet; 0 for other rooms.
/// </param>
internal sealed record RoomTail(IReadOnlyList<EventRow> Newest, long CompleteAfter, long ReadAt, long PartialUntil)
{
    private const int RowBytes = 600;

    /// <summary>Rough size in memory, in bytes.</summary>
    public long Weight { get; } = RowBytes + Newest.Sum(static row => RowBytes + (long)row.Json.Length);

    /// <summary>Whether the newest <paramref name="limit"/> events in (<paramref name="since"/>, <paramref name="upTo"/>] are here.</summary>
    public bool Covers(long since, long upTo, int limit) => since >= CompleteAfter || Newest.Count(row => row.Position <= upTo) >= limit;

    /// <summary>Those events, newest first.</summary>
    public List<EventRow> Latest(long since, long upTo, int limit) => [.. Newest.Where(row => row.Position > since && row.Position <= upTo).Take(limit)];
}
