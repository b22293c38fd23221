using System.Buffers.Binary;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Searching;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory.Searching;

/// <summary>
/// Brings rooms into the search index in steps. What a step adds and how far the room is then become durable together, under one fence for the whole server: a
/// step that is cut off, or made on two silos, adds nothing twice and passes nothing over.
/// </summary>
internal sealed class RoomIndexing(IStorage storage, IRandom random)
{
    /// <summary>A step ends with the page of events with which it has cost so much: other commits wait for it some milliseconds.</summary>
    public const int MaxStepCost = 600;

    /// <summary>Events are read in pages, few, since each may be long.</summary>
    public const int PageSize = 5;

    /// <summary>What a commit costs, in words that it adds.</summary>
    private const int CommitCost = 20;

    /// <summary>What an event costs that is added, beside its words.</summary>
    private const int EventCost = 10;

    private readonly Ownership _ownership = new(storage, "search");

    /// <summary>
    /// Makes the next step with a room: what came to it lately, the oldest first, and then, unless <paramref name="isNewOnly"/>, what it had before, the newest
    /// first.
    /// </summary>
    /// <returns>About how many words were added, and what else costs as much; 0: there was nothing to do.</returns>
    public async Task<int> StepAsync(string roomId, bool isNewOnly = false)
    {
        var cost = await ChangeAsync(roomId, isNewOnly);
        if (cost > 0)
            await storage.Search.SortInAsync();
        return cost;
    }

    private Task<int> ChangeAsync(string roomId, bool isNewOnly) => _ownership.ChangeAsync(async unit =>
    {
        if (await storage.Search.RoomsAsync([roomId]) is not [{ IsIncomplete: true } room])
            return 0;
        var last = new HistoryOrder(room.LastPosition, 0);
        var step = new Step(storage, random, unit);
        if (room.IsQueued)
            await AddQueuedAsync(step, roomId);
        else if (room.New is not { } newest)
            await GoBackAsync(step, roomId, last, last);
        else if (newest < last)
            await GoOnAsync(step, room, newest, last);
        else if (!isNewOnly && room.Old is { } oldest)
            await GoBackAsync(step, roomId, newest, oldest);
        return unit.IsEmpty ? 0 : step.Cost + CommitCost;
    });

    private async ValueTask AddQueuedAsync(Step step, string roomId)
    {
        var ids = await storage.Search.QueuedAsync(roomId, PageSize);
        foreach (var row in await storage.Events.GetManyAsync(ids))
            await step.AddAsync(row);
        foreach (var id in ids)
            storage.Search.Dequeue(step.Unit, roomId, id);
    }

    private async ValueTask GoOnAsync(Step step, SearchProgress room, HistoryOrder newest, HistoryOrder last)
    {
        for (var isEnd = false; !isEnd && step.Cost < MaxStepCost;)
        {
            var page = await storage.Events.RangeAsync(room.RoomId, newest, HistoryOrder.End, Direction.Forward, PageSize);
            foreach (var row in page)
            {
                await step.AddAsync(row);
                newest = row.Order!.Value;
            }

            isEnd = page.Count < PageSize;
            // The last events may be such as are not shown; and some may have come since.
            if (isEnd && newest < last)
                newest = last;
        }

        storage.Search.SetProgress(step.Unit, room.RoomId, newest, room.Old);
    }

    private async ValueTask GoBackAsync(Step step, string roomId, HistoryOrder newest, HistoryOrder? oldest)
    {
        while (oldest is { } from && step.Cost < MaxStepCost)
        {
            var page = await storage.Events.RangeAsync(roomId, HistoryOrder.Start, from, Direction.Backward, PageSize);
            foreach (var row in page)
                await step.AddAsync(row);
            oldest = page.Count < PageSize ? null : HistoryToken.JustBefore(page[^1].Order!.Value);
        }

        storage.Search.SetProgress(step.Unit, roomId, newest, oldest);
    }

    /// <summary>What one commit adds.</summary>
    private sealed class Step(IStorage storage, IRandom random, WriteUnit unit)
    {
        private readonly HashSet<long> _taken = [];

        public WriteUnit Unit => unit;

        public int Cost { get; private set; }

        public async ValueTask AddAsync(EventRow row)
        {
            Cost++;
            if (row.RedactedBy is not null || row.Order is not { } place || SearchedText.Of(row) is not { } text)
                return;
            var words = SearchWords.OfText(text);
            if (words.Count == 0)
                return;
            Cost += EventCost + words.Count;
            storage.Search.Add(unit, new SearchDocument(await FindNumberAsync(row, place), row.EventId, words.Count), row.RoomId, place, words);
        }

        /// <summary>
        /// The number of the event's place, or a free one a little below. Not the next: in what many rooms have at one place each would try them all.
        /// </summary>
        private async ValueTask<long> FindNumberAsync(EventRow row, HistoryOrder place)
        {
            var number = SearchNumber.Of(place);
            // A live event's is its own.
            if (row.Position > 0)
                return number;
            while (!_taken.Add(number) || (await storage.Search.AtAsync(number) is { } other && other != row.EventId))
                number -= 1 + NextBelow65536();
            return number;
        }

        private ushort NextBelow65536()
        {
            Span<byte> bytes = stackalloc byte[sizeof(ushort)];
            random.Fill(bytes);
            return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        }
    }
}
