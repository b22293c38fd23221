namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The place of a state event in a room's state: its type and its state key.</summary>
/// <param name="Type">The event type.</param>
/// <param name="Key">The <c>state_key</c>.</param>
public readonly record struct StateKey(string Type, string Key)
{
    /// <inheritdoc/>
    public override string ToString() => $"({Type}, {Key})";
}
