using OrleansMatrix.Protocol.Relations;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>Finds the bundled aggregations of events (C-S API, Aggregations of child events).</summary>
/// <param name="upTo">Children behind this place are not heeded: the client is told of them later.</param>
internal sealed class Bundles(RoomView room, RoomVisibility visibility, string userId, IReadOnlySet<string> ignored, HistoryOrder upTo)
{
    /// <summary>Children of an event that are looked at; a longer thread's count stops here.</summary>
    private const int MaxChildren = 500;

    /// <summary>Adds the aggregations to prepared events; state events and redacted ones have none.</summary>
    public async ValueTask AddAsync(EventRenderer renderer, IReadOnlyCollection<EventRow> rows, CancellationToken cancellationToken = default)
    {
        var children = await ChildrenAsync(rows, cancellationToken);
        if (children.Count == 0)
            return;

        // The latest event of a thread has its own edits bundled; it cannot be the root of a thread itself.
        var latest = rows.Select(r => Thread(children[r.EventId]).FirstOrDefault()).OfType<EventRow>().ToList();
        var grandchildren = await ChildrenAsync(latest, cancellationToken);
        await renderer.PrepareAsync(latest, visibility, previous: false, cancellationToken);
        foreach (var row in latest)
            renderer.AddRelations(row.EventId, (await AggregateAsync(renderer, row, grandchildren[row.EventId], isNested: true, cancellationToken)).ToJson());
        foreach (var row in rows)
        {
            if (children.Contains(row.EventId))
                renderer.AddRelations(row.EventId, (await AggregateAsync(renderer, row, children[row.EventId], isNested: false, cancellationToken)).ToJson());
        }
    }

    /// <summary>Whether the user sent the root or an event of its thread.</summary>
    public bool HasParticipated(EventRow root, IEnumerable<EventRow> children) => root.Sender == userId || Thread(children).Any(c => c.Sender == userId);

    /// <summary>The children of events that count for this user, newest first.</summary>
    public async ValueTask<ILookup<string, EventRow>> ChildrenAsync(IReadOnlyCollection<EventRow> rows, CancellationToken cancellationToken = default)
    {
        var parents = rows.Where(r => r is { StateKey: null, RedactedBy: null }).Select(r => r.EventId).ToList();
        var found = parents.Count == 0 ? []
            : (await room.Services.Storage.Events.ChildrenAsync(room.RoomId, parents, upTo, MaxChildren, cancellationToken)).SelectMany(g => g);
        var counted = new List<EventRow>();
        foreach (var child in found)
        {
            if (child.RedactedBy is null && !ignored.Contains(child.Sender) && await visibility.CanSeeAsync(child, cancellationToken))
                counted.Add(child);
        }

        return counted.ToLookup(c => c.RelatesTo!, StringComparer.Ordinal);
    }

    private static IEnumerable<EventRow> Thread(IEnumerable<EventRow> children) => children.Where(c => c.RelType == RelationTypes.Thread);

    private async ValueTask<BundledAggregations> AggregateAsync(
        EventRenderer renderer, EventRow row, IEnumerable<EventRow> children, bool isNested, CancellationToken cancellationToken)
    {
        var edits = children.Where(c => c.RelType == RelationTypes.Replace).ToDictionary(c => c.EventId, StringComparer.Ordinal);
        var edit = edits.Count == 0 ? null : Replacements.Latest(room.Parse(row), edits.Values.Select(room.Parse));
        if (edit is not null)
            await renderer.PrepareAsync([edits[edit.EventId]], visibility, previous: false, cancellationToken);
        var thread = isNested ? [] : Thread(children).ToList();
        return new BundledAggregations
        {
            Replacement = edit is null ? default : renderer.ToJson(edits[edit.EventId]),
            Thread = thread.Count == 0 ? null : new ThreadSummary(renderer.ToJson(thread[0]), thread.Count, HasParticipated(row, thread)),
            References = [.. children.Where(c => c.RelType == RelationTypes.Reference).Take(BundledAggregations.MaxReferences).Select(c => c.EventId)],
        };
    }
}
