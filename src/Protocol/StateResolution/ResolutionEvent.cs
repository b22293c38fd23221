using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>An event as state resolution needs it.</summary>
/// <param name="Pdu">The event.</param>
/// <param name="IsRejected">It was rejected by the checks performed on receipt of a PDU.</param>
/// <param name="Generation">
/// A number above that of each of its auth events, such as one more than the largest of them; null when it is not kept. With it a walk
/// of auth chains stops where they meet; without it they are followed to the create event.
/// </param>
public sealed record ResolutionEvent(Pdu Pdu, bool IsRejected, int? Generation);
