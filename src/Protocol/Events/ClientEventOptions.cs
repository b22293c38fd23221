namespace OrleansMatrix.Protocol.Events;

/// <summary>What a client is told about an event besides the event.</summary>
public sealed record ClientEventOptions
{
    /// <summary>Whether to write <c>room_id</c>; <c>/sync</c> leaves it out.</summary>
    public bool IncludeRoomId { get; init; } = true;

    /// <summary>The time now in milliseconds since the Unix epoch, for <c>unsigned.age</c>.</summary>
    public long? NowTs { get; init; }

    /// <summary><c>unsigned.transaction_id</c>, only for the device that sent the event.</summary>
    public string? TransactionId { get; init; }

    /// <summary><c>unsigned.prev_content</c>: the content of the state event that this one replaced, a JSON object.</summary>
    public ReadOnlyMemory<byte> PrevContent { get; init; }

    /// <summary><c>unsigned.replaces_state</c>: the id of the state event that this one replaced, whoever may see that.</summary>
    public string? ReplacesState { get; init; }

    /// <summary><c>unsigned.membership</c>: the requesting user's membership at the event.</summary>
    public string? Membership { get; init; }

    /// <summary><c>unsigned.redacted_because</c>: the redaction that applies; the event given must be the redacted one.</summary>
    public Pdu? RedactedBecause { get; init; }

    /// <summary><c>unsigned.m.relations</c>: the bundled aggregations, a JSON object.</summary>
    public ReadOnlyMemory<byte> Relations { get; init; }
}
