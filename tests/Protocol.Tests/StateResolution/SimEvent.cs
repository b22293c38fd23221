using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.Tests.StateResolution;

/// <summary>An event of a simulated room.</summary>
internal sealed record SimEvent(Pdu Pdu, bool IsRejected, int Generation);
