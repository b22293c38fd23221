namespace OrleansMatrix.Grains.Room.Sending;

/// <summary>An event of a local user that is not built yet.</summary>
/// <param name="Content">A JSON object.</param>
internal sealed record EventDraft(string Sender, string Type, string? StateKey, ReadOnlyMemory<byte> Content)
{
    public string? Redacts { get; init; }

    /// <summary>It is built to see whether it could be sent, or for another server to send.</summary>
    public bool IsTrial { get; init; }

    /// <summary>Milliseconds since the epoch; null: now.</summary>
    public long? Timestamp { get; init; }
}
