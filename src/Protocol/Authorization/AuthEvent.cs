using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>An event that another one names in its <c>auth_events</c>.</summary>
/// <param name="Pdu">The event.</param>
/// <param name="IsRejected">It was rejected by the checks performed on receipt of a PDU.</param>
public readonly record struct AuthEvent(Pdu Pdu, bool IsRejected);
