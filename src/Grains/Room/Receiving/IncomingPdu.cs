using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>A remote event after the checks that need no room: its format, its signatures and its content hash.</summary>
/// <param name="EventId">Empty if it has none.</param>
/// <param name="Pdu">The event, redacted if its content hash was wrong; null if it is to be dropped.</param>
/// <param name="Fault">Why it is to be dropped.</param>
internal sealed record IncomingPdu(string EventId, Pdu? Pdu, string? Fault)
{
    public static IncomingPdu Dropped(string eventId, string fault) => new(eventId, null, fault);
}
