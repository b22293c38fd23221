using OrleansMatrix.Protocol.Authorization;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>What push rules ask of a room, as last read.</summary>
internal sealed class PushFacts
{
    public int? JoinedMembers { get; set; }
    public string? LevelsEventId { get; set; }
    public PowerLevels? Levels { get; set; }
}
