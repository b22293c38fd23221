namespace OrleansMatrix.Grains.User.Sync;

/// <summary>
/// Which member events a device has been sent, so that lazy loading need not repeat them. An entry counts only for requests that present a token at or
/// behind the answer that carried it: an answer that was lost is made again in full. Bounded; forgetting costs repetition only.
/// </summary>
public sealed class LazyMembers
{
    private const int Capacity = 5000;
    private readonly Dictionary<(string RoomId, string UserId), (string EventId, long SentAt)> _sent = [];

    /// <summary>Whether the device that presents <paramref name="since"/> knows this member event.</summary>
    public bool Knows(string roomId, string userId, string eventId, long since) =>
        _sent.TryGetValue((roomId, userId), out var sent) && sent.EventId == eventId && sent.SentAt <= since;

    /// <summary>Remembers a member event that goes into the answer with the token <paramref name="upTo"/>.</summary>
    public void Sent(string roomId, string userId, string eventId, long upTo)
    {
        if (_sent.Count >= Capacity)
            _sent.Clear();
        _sent[(roomId, userId)] = (eventId, upTo);
    }
}
