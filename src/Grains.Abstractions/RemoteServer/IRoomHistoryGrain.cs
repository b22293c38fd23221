namespace OrleansMatrix.Grains.Abstractions.RemoteServer;

/// <summary>Gets a room's past from other servers, once for all who ask at the same time. Key: the room id.</summary>
[Alias("IRoomHistoryGrain"), GrainInterfaceType("IRoomHistoryGrain")]
public interface IRoomHistoryGrain : IGrainWithStringKey
{
    /// <summary>Fetches events for the gap before the live event at a position. Waits for some seconds at most; the fetching goes on.</summary>
    [Alias("Fill")]
    Task<GapFill> Fill(long anchor);

    /// <summary>
    /// Fetches an event that must be in a gap of the room's history and gives it a place there. False if it cannot be had, or the room has no gap.
    /// </summary>
    [Alias("Fetch")]
    Task<bool> Fetch(string eventId);

    /// <summary>
    /// The event nearest to a time (milliseconds since the epoch) that other servers know, if the room's history here has gaps; null: none. It is only what
    /// they say.
    /// </summary>
    [Alias("NearestTo")]
    Task<string?> NearestTo(long timestamp, bool backward);
}

/// <summary>What became of a gap in a room's history.</summary>
[GenerateSerializer, Alias("GapFill")]
public enum GapFill
{
    /// <summary>It is smaller now, or gone.</summary>
    Progress,
    /// <summary>No server could give anything, just now or a short time ago.</summary>
    Failed,
    /// <summary>A server is still being asked.</summary>
    Pending,
}
