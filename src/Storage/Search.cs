using OrleansMatrix.Protocol.Searching;

namespace OrleansMatrix.Storage;

/// <summary>An event in the search index.</summary>
/// <param name="Number">Its place: greater is newer, in all rooms (<see cref="SearchNumber"/>).</param>
/// <param name="Size">Different words that it has.</param>
public sealed record SearchDocument(long Number, string EventId, int Size);

/// <summary>Places in histories as one number, which orders the events of all rooms.</summary>
public static class SearchNumber
{
    private const int MinorBits = 24;
    private const long MaxAnchor = long.MaxValue >> MinorBits;
    private const long MaxMinor = (1L << MinorBits) - 1;

    /// <summary>Anchors below 0 are far apart: so many bits of them are left out.</summary>
    private const int BitsOfDetached = 36;

    /// <summary>
    /// The number of a place. That of a live event is no other's; behind gaps, and before the beginning of the stream, events of several rooms, and more than
    /// one of a room, may have the same.
    /// </summary>
    public static long Of(HistoryOrder place)
    {
        var anchor = place.Anchor < 0 ? place.Anchor >> BitsOfDetached : Math.Min(place.Anchor, MaxAnchor);
        return (anchor << MinorBits) + Math.Clamp(place.Minor, -MaxMinor, 0);
    }
}

/// <summary>How far a room is in the index: all behind <paramref name="Old"/> up to <paramref name="New"/> is in it.</summary>
/// <param name="New">The newest place; null: nothing of the room was looked at.</param>
/// <param name="Old">The place from which on back nothing is in it; null: all is.</param>
/// <param name="LastPosition">The room's newest position.</param>
/// <param name="IsQueued">Single events wait for their turn.</param>
public sealed record SearchProgress(string RoomId, HistoryOrder? New, HistoryOrder? Old, long LastPosition, bool IsQueued)
{
    /// <summary>Something new, or something that came to an old place, is not in the index.</summary>
    public bool IsBehind => New is not { } place || place < new HistoryOrder(LastPosition, 0) || IsQueued;

    /// <summary>Something is not in the index.</summary>
    public bool IsIncomplete => IsBehind || Old is not null;
}

/// <summary>
/// The full-text index of events (ADR 0123). It follows the histories: events are added behind their commit. What is redacted, rejected or loses its place
/// leaves it in that commit; what comes to an old place, or is accepted late, waits there for its turn.
/// </summary>
public interface ISearchStore
{
    /// <summary>Adds an event; does nothing if it is in the index, or has been redacted, rejected or moved.</summary>
    /// <param name="unit">The unit of the write.</param>
    /// <param name="document">The event. Its number must be free (<see cref="AtAsync"/>).</param>
    /// <param name="roomId">Its room.</param>
    /// <param name="place">Its place when it was read.</param>
    /// <param name="words">Its words: letters, digits and whatever is not ASCII.</param>
    void Add(WriteUnit unit, SearchDocument document, string roomId, HistoryOrder place, IReadOnlyCollection<string> words);

    /// <summary>
    /// Sorts in what was added, where that is much work and no part of the commit; to be called after it. What is not sorted in yet is found too, at more cost.
    /// </summary>
    ValueTask SortInAsync(CancellationToken cancellationToken = default);

    /// <summary>Says how far the room is in the index.</summary>
    void SetProgress(WriteUnit unit, string roomId, HistoryOrder newest, HistoryOrder? oldest);

    /// <summary>Takes an event from those that wait.</summary>
    void Dequeue(WriteUnit unit, string roomId, string eventId);

    /// <summary>Rooms that are incomplete, in the order of their ids, after one.</summary>
    ValueTask<IReadOnlyList<SearchProgress>> IncompleteAfterAsync(string roomId, int limit, CancellationToken cancellationToken = default);

    /// <summary>Those of the rooms that there are.</summary>
    ValueTask<IReadOnlyList<SearchProgress>> RoomsAsync(IReadOnlyCollection<string> roomIds, CancellationToken cancellationToken = default);

    /// <summary>Events of a room that wait.</summary>
    ValueTask<IReadOnlyList<string>> QueuedAsync(string roomId, int limit, CancellationToken cancellationToken = default);

    /// <summary>The event that has a number; null: none has.</summary>
    ValueTask<string?> AtAsync(long number, CancellationToken cancellationToken = default);

    /// <summary>The greatest number in the index up to one; null if there is none.</summary>
    ValueTask<long?> NewestAsync(long upTo, CancellationToken cancellationToken = default);

    /// <summary>
    /// The newest events of the rooms, up to a number, that have all of the words. It looks into no more than one part of the index, 65,536 positions of the
    /// stream: so its cost has a bound, whatever is looked for.
    /// </summary>
    /// <returns>At most <paramref name="limit"/>, the newest first, and the number below which nothing was looked at.</returns>
    ValueTask<(IReadOnlyList<SearchDocument> Found, long DownTo)> FindAsync(
        IReadOnlyCollection<SearchWord> words, IReadOnlyCollection<string> roomIds, long upTo, int limit, CancellationToken cancellationToken = default);
}
