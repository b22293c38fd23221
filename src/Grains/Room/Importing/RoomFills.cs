using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace OrleansMatrix.Grains.Room.Importing;

/// <summary>
/// The rooms of this silo that were joined without their members and do not have them yet, for the meter of the grains: how many, and for how long the oldest
/// waits. One per silo, thread-safe; what is lost with the process is noted again when its rooms are taken up.
/// </summary>
public sealed class RoomFills : IDisposable
{
    private readonly ConcurrentDictionary<string, long> _joinedAt = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly Meter _meter = new(GrainMetrics.MeterName);

    /// <param name="time">The clock.</param>
    public RoomFills(TimeProvider time)
    {
        _time = time;
        _meter.CreateObservableGauge("matrix.room.partial", () => Count, "{room}", "Rooms that were joined without their members and do not have them yet.");
        _meter.CreateObservableGauge(
            "matrix.room.partial.age", () => Oldest.TotalSeconds, "s", "How long ago the oldest room that does not have its members yet was joined.");
    }

    /// <summary>How many there are.</summary>
    public int Count => _joinedAt.Count;

    /// <summary>How long ago the one that waits longest was joined; zero if there is none.</summary>
    public TimeSpan Oldest
    {
        get
        {
            var joined = _joinedAt.Values.DefaultIfEmpty(long.MaxValue).Min();
            return joined == long.MaxValue ? TimeSpan.Zero
                : TimeSpan.FromMilliseconds(Math.Max(0, _time.GetUtcNow().ToUnixTimeMilliseconds() - joined));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    /// <summary>The members of a room are asked for.</summary>
    /// <param name="joinedAt">Milliseconds since the epoch.</param>
    internal void Began(string roomId, long joinedAt) => _joinedAt[roomId] = joinedAt;

    /// <summary>They are known, or this silo does not ask for them any more.</summary>
    internal void Ended(string roomId) => _joinedAt.TryRemove(roomId, out _);
}
