namespace OrleansMatrix.Storage;

/// <summary>A user's report of a room, an event or a user, for the server's administrators.</summary>
/// <param name="Id">Assigned by the store, from 1; 0 before.</param>
/// <param name="RoomId">Empty for a report of a user.</param>
/// <param name="EventId">Empty unless an event is reported.</param>
/// <param name="ReportedUserId">Empty for a report of a room; an event's sender.</param>
/// <param name="ReceivedAt">Milliseconds since the epoch.</param>
public sealed record ReportRow(long Id, string Reporter, string RoomId, string EventId, string ReportedUserId, string Reason, long ReceivedAt);

public interface IReportStore
{
    void Add(WriteUnit unit, ReportRow row);
    /// <summary>Reports by ascending id, after <paramref name="afterId"/>.</summary>
    ValueTask<IReadOnlyList<ReportRow>> ListAsync(long afterId, int limit, CancellationToken cancellationToken = default);
}
