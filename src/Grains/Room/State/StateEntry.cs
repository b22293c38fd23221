namespace OrleansMatrix.Grains.Room.State;

/// <summary>One entry of a room's state: the event that holds the (type, state_key) pair.</summary>
public readonly record struct StateEntry(string Type, string StateKey, string EventId);

/// <summary>A pair whose event differs between two states; null: the pair is not in that state.</summary>
public readonly record struct StateChange(string Type, string StateKey, string? Old, string? New);

/// <summary>A part of the state that can be read without the rest.</summary>
[Flags]
public enum StatePart
{
    /// <summary>Everything but <c>m.room.member</c>.</summary>
    NonMembers = 1,
    /// <summary><c>m.room.member</c>.</summary>
    Members = 2,
    All = NonMembers | Members,
}
