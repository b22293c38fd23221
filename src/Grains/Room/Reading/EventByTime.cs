using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>Finds the event nearest to a time that may be seen.</summary>
internal static class EventByTime
{
    /// <summary>Moments looked at; behind so many that may not be seen there is nothing found.</summary>
    private const int MaxSteps = 100;

    /// <summary>The first event from the time on (or backwards) that may be seen, of several of one millisecond only one being asked about; or null.</summary>
    public static async ValueTask<EventRow?> FindAsync(
        IEventStore events, string roomId, long timestamp, Direction direction, Func<EventRow, ValueTask<bool>> maySee)
    {
        for (var step = 0; step < MaxSteps; step++)
        {
            if (await events.ByTimestampAsync(roomId, timestamp, direction) is not { } row)
                return null;
            if (await maySee(row))
                return row;
            timestamp = row.OriginServerTs + (direction == Direction.Backward ? -1 : 1);
        }

        return null;
    }
}
