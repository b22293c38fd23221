using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>Bundled aggregations (C-S API, Aggregations of child events).</summary>
internal static class Bundles
{
    public static ValueTask AddAsync(RoomReader reader, EventRenderer renderer, IReadOnlyCollection<EventRow> rows)
    {
        _ = (reader, renderer, rows);
        return ValueTask.CompletedTask;
    }
}
