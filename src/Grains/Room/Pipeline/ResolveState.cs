using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Pipeline;

/// <summary>State resolution where branches of the history meet.</summary>
internal static class ResolveState
{
    /// <summary>The one state that follows from several.</summary>
    public static ValueTask<StateNodeId> OfAsync(ActiveRoom room, IReadOnlyCollection<StateNodeId> states)
    {
        var distinct = states.Distinct().ToList();
        if (distinct is [var only])
            return new ValueTask<StateNodeId>(only);
        throw new NotSupportedException($"{room.RoomId}: {distinct.Count} states");
    }
}
