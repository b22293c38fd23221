using System.Collections.Frozen;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.User;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory.Searching;

/// <summary>A result: an event that matches and that the user may see.</summary>
/// <param name="Number">Its number in the index.</param>
/// <param name="Rank">The share of its words that are looked for.</param>
internal sealed record SearchHit(RoomReader Room, EventRow Row, long Number, double Rank);

/// <summary>A page of results.</summary>
/// <param name="Count">Results there are; of more than <see cref="SearchRun.MaxHits"/> so many.</param>
/// <param name="Next">Where to go on; null: there are no more.</param>
internal sealed record SearchPage(IReadOnlyList<SearchHit> Hits, int Count, SearchToken? Next);

/// <summary>
/// Searches the index (ADR 0123): the newest results that the user may see are gathered, and of these a page is given in the order asked for. It stops after so
/// many events and parts of the index looked at that a request has a bound whatever it asks for; the next page goes on from there.
/// </summary>
internal sealed class SearchRun(ReadServices services, IGrainFactory grains, Requester requester, SearchQuery query, LargeAnswer memory)
{
    /// <summary>Results that are gathered, counted, and ordered by rank.</summary>
    public const int MaxHits = 500;

    private const int MaxEvents = 5_000;
    private const int MaxParts = 256;
    private const int MaxRooms = 1_000;
    private static readonly TimeSpan s_catchingUp = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, RoomReader?> _rooms = new(StringComparer.Ordinal);

    private ISearchStore Index => services.Storage.Search;

    public async Task<SearchPage> RunAsync(CancellationToken cancellationToken)
    {
        var rooms = (await services.Storage.Memberships.OfUserAsync(requester.UserId, cancellationToken))
            .Where(m => !m.Forgotten && (m.Membership is "join" or "leave" or "ban") && query.Filter.AllowsRoom(m.RoomId))
            .OrderByDescending(m => m.Membership == "join").ThenByDescending(m => m.Position).Select(m => m.RoomId).Take(MaxRooms).ToList();
        if (query.Filter.IsClosed || query.Words.Count == 0 || query.Types.Count == 0 || rooms.Count == 0)
            return new SearchPage([], 0, null);
        if (query.From is null)
            await CatchUpAsync(rooms, cancellationToken);
        await memory.EnterAsync(cancellationToken);
        var start = query.From?.UpTo ?? await Index.NewestAsync(long.MaxValue, cancellationToken);
        var hits = new List<SearchHit>();
        var end = await GatherAsync(hits, rooms, start, cancellationToken);
        return query.ByRank ? PageByRank(hits, start, end) : PageByTime(hits, end);
    }

    // A full page is followed by another, which may be empty: clients know no other end.
    private SearchPage PageByRank(List<SearchHit> hits, long? start, long? end)
    {
        var shown = query.From?.Shown ?? 0;
        var page = hits.OrderByDescending(static hit => hit.Rank).ThenByDescending(static hit => hit.Number).Skip(shown).Take(query.Limit).ToList();
        SearchToken? next = page.Count == query.Limit ? new SearchToken(start!.Value, shown + page.Count) : end is { } older ? new SearchToken(older, 0) : null;
        return new SearchPage(page, hits.Count, next);
    }

    private SearchPage PageByTime(List<SearchHit> hits, long? end)
    {
        var shown = query.From?.Shown ?? 0;
        var page = hits.Take(query.Limit).ToList();
        var older = page.Count == query.Limit ? page[^1].Number - 1 : end;
        return new SearchPage(page, shown + hits.Count, older is { } upTo ? new SearchToken(upTo, shown + page.Count) : null);
    }

    /// <summary>What was sent before the search is found by it, if the index can be brought up to it in time.</summary>
    private async Task CatchUpAsync(List<string> rooms, CancellationToken cancellationToken)
    {
        var incomplete = (await Index.RoomsAsync(rooms, cancellationToken)).Where(static room => room.IsIncomplete).Select(static room => room.RoomId).ToList();
        if (incomplete.Count == 0)
            return;
        try
        {
            await grains.GetGrain<ISearchIndexGrain>(ISearchIndexGrain.Key).CatchUp([.. incomplete], cancellationToken)
                .WaitAsync(s_catchingUp, services.Time, cancellationToken);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            SearchLog.NotCaughtUp(services.Logger, fault);
        }
    }

    /// <summary>Gathers the newest results up to a number; gives the number up to which there may be more, null if there is nothing older.</summary>
    private async Task<long?> GatherAsync(List<SearchHit> hits, List<string> rooms, long? start, CancellationToken cancellationToken)
    {
        var known = rooms.ToHashSet(StringComparer.Ordinal);
        var ignored = await UserSettings.ReadIgnoredAsync(services.Storage, requester.UserId, cancellationToken);
        var (looked, parts) = (0, 0);
        while (start is { } from && await Index.NewestAsync(from, cancellationToken) is { } newest)
        {
            if (looked >= MaxEvents || parts++ == MaxParts)
                return newest;
            var (found, downTo) = await Index.FindAsync(query.Words, rooms, newest, MaxHits, cancellationToken);
            var rows = (await services.Storage.Events.GetManyAsync([.. found.Select(static document => document.EventId)], cancellationToken))
                .ToDictionary(static row => row.EventId, StringComparer.Ordinal);
            foreach (var document in found)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (rows.GetValueOrDefault(document.EventId) is { } row && known.Contains(row.RoomId) && IsAskedFor(row, ignored) &&
                    await FindRoomAsync(row.RoomId) is { } room && await MaySeeAsync(room, row, cancellationToken))
                    hits.Add(new SearchHit(room, row, document.Number, Math.Min(1, (double)query.Words.Count / document.Size)));
                if (hits.Count == MaxHits)
                    return document.Number - 1;
            }

            (looked, start) = (looked + found.Count, downTo - 1);
        }

        return null;
    }

    // "Servers must not send events sent by ignored users to clients", but for state (C-S API, Ignoring Users).
    private bool IsAskedFor(EventRow row, FrozenSet<string> ignored) =>
        row is { Status: EventStatus.None, RedactedBy: null, Order: not null } && query.Types.Contains(row.Type) &&
        (row.StateKey is not null || !ignored.Contains(row.Sender)) && query.Filter.Allows(row.Type, row.Sender, row.Json.Span);

    private async ValueTask<bool> MaySeeAsync(RoomReader room, EventRow row, CancellationToken cancellationToken) =>
        row.Order <= room.Visibility.Bound && await room.Visibility.CanSeeAsync(row, cancellationToken) &&
        !await room.Room.IsErasedForAsync(row, requester.UserId, cancellationToken);

    private async ValueTask<RoomReader?> FindRoomAsync(string roomId)
    {
        if (!_rooms.TryGetValue(roomId, out var room))
            _rooms.Add(roomId, room = await RoomReader.FindAsync(services, roomId, requester, memory) is { Visibility.IsMember: true } found ? found : null);
        return room;
    }
}
