namespace OrleansMatrix.Grains.Room.Sending;

/// <summary>The local device and transaction id that made an event; both null for the others.</summary>
internal readonly record struct EventOrigin(string? DeviceId, string? TransactionId)
{
    public static readonly EventOrigin None;
}
