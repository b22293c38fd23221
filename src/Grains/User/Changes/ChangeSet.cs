namespace OrleansMatrix.Grains.User.Changes;

/// <summary>What may concern one user in a range of the stream. May name a little more than changed, never less.</summary>
public sealed class ChangeSet
{
    /// <summary>Changed rooms among those watched, with what changed in them.</summary>
    public Dictionary<string, ChangeKinds> Rooms { get; } = new(StringComparer.Ordinal);

    /// <summary>What changed of the user's own.</summary>
    public ChangeKinds Own { get; internal set; }

    /// <summary>Users, of the whole server, whose device lists changed: the caller keeps those that share a room.</summary>
    public HashSet<string> DeviceLists { get; } = new(StringComparer.Ordinal);

    /// <summary>Users, of the whole server, whose presence changed: the caller keeps those that share a room.</summary>
    public HashSet<string> Presence { get; } = new(StringComparer.Ordinal);

    /// <summary>True if nothing changed.</summary>
    public bool IsEmpty => Rooms.Count == 0 && Own == ChangeKinds.None && DeviceLists.Count == 0 && Presence.Count == 0;

    internal void AddRoom(string roomId, ChangeKinds kinds) =>
        Rooms[roomId] = Rooms.GetValueOrDefault(roomId) | kinds;
}
