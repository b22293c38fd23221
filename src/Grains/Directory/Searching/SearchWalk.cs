using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.User;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory.Searching;

/// <summary>A result: an event that matches and that the user may see.</summary>
internal sealed record SearchHit(RoomReader Room, EventRow Row, double Rank);

/// <summary>
/// Looks through the histories of many rooms at once, the newest event first. It stops after a number of events looked at, so that a request has a bound
/// whatever the rooms hold; going on from <see cref="Next"/> looks further (ADR 0023).
/// </summary>
internal sealed class SearchWalk(ReadServices services, Requester requester, SearchQuery query)
{
    private const int MaxEvents = 10_000;
    private const int MaxRooms = 1_000;

    private readonly PriorityQueue<Cursor, HistoryOrder> _cursors = new(Comparer<HistoryOrder>.Create(static (a, b) => b.CompareTo(a)));

    /// <summary>Where to go on; null: there is nothing older.</summary>
    public string? Next { get; private set; }

    public async Task<List<SearchHit>> RunAsync(IReadOnlyCollection<string> roomIds)
    {
        var hits = new List<SearchHit>();
        if (query.Filter.IsClosed || roomIds.Count == 0)
            return hits;
        var ignored = await UserSettings.ReadIgnoredAsync(services.Storage, requester.UserId);
        var pageSize = Math.Clamp(MaxEvents / 2 / roomIds.Count, 5, 200);
        foreach (var roomId in roomIds.Take(MaxRooms))
        {
            if (await RoomReader.FindAsync(services, roomId, requester) is not { Visibility.IsMember: true } room)
                continue;
            var upTo = query.From < room.Visibility.Bound ? query.From : room.Visibility.Bound;
            await AddAsync(new Cursor(room, pageSize) { UpTo = upTo });
        }

        for (var looked = 0; _cursors.TryDequeue(out var cursor, out var place); looked++)
        {
            if (hits.Count == query.Limit || looked == MaxEvents)
            {
                Next = HistoryToken.After(place);
                break;
            }

            var row = cursor.Rows.Dequeue();
            // "Servers must not send events sent by ignored users to clients", but for state (C-S API, Ignoring Users).
            if ((row.StateKey is not null || !ignored.Contains(row.Sender)) &&
                query.Filter.Allows(row.Type, row.Sender, row.Json.Span) && query.Terms.Rank(row) is > 0 and var rank &&
                await cursor.Room.Visibility.CanSeeAsync(row) &&
                !await cursor.Room.Room.IsErasedForAsync(row, requester.UserId))
                hits.Add(new SearchHit(cursor.Room, row, rank));
            cursor.UpTo = HistoryToken.JustBefore(place);
            await AddAsync(cursor);
        }

        return hits;
    }

    /// <summary>Queues a room under its next event, reading on if need be.</summary>
    private async Task AddAsync(Cursor cursor)
    {
        if (cursor.Rows.Count == 0 && !cursor.AtStart)
        {
            var page = await services.Storage.Events.RangeAsync(cursor.Room.Room.RoomId, HistoryOrder.Start, cursor.UpTo, Direction.Backward, cursor.PageSize);
            cursor.AtStart = page.Count < cursor.PageSize;
            foreach (var row in page)
                cursor.Rows.Enqueue(row);
        }

        if (cursor.Rows.TryPeek(out var next))
            _cursors.Enqueue(cursor, next.Order!.Value);
    }

    private sealed class Cursor(RoomReader room, int pageSize)
    {
        public RoomReader Room => room;

        public int PageSize => pageSize;

        public Queue<EventRow> Rows { get; } = new();

        /// <summary>The newest place not looked at.</summary>
        public HistoryOrder UpTo { get; set; }

        public bool AtStart { get; set; }
    }
}
