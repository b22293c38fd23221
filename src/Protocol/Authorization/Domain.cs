namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The server names in identifiers that need not be valid.</summary>
internal static class Domain
{
    /// <summary>What follows the first colon of a user id; empty when there is none.</summary>
    public static ReadOnlySpan<char> OfUser(ReadOnlySpan<char> userId) => AfterColon(userId);

    /// <summary>What follows the first colon of an event id of v1 or v2.</summary>
    public static ReadOnlySpan<char> OfEvent(ReadOnlySpan<char> eventId) => AfterColon(eventId);

    /// <summary>What follows the first colon of a room id; empty from v12.</summary>
    public static ReadOnlySpan<char> OfRoom(ReadOnlySpan<char> roomId) => AfterColon(roomId);

    private static ReadOnlySpan<char> AfterColon(ReadOnlySpan<char> id)
    {
        var colon = id.IndexOf(':');
        return colon < 0 ? default : id[(colon + 1)..];
    }
}
