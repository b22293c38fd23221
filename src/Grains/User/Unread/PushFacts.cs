namespace OrleansMatrix.Grains.User.Unread;

/// <summary>What push rules ask of a room, as last read.</summary>
internal sealed class PushFacts
{
    public int? JoinedMembers { get; set; }
}
