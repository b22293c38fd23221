namespace OrleansMatrix.Protocol.Events;

/// <summary>The outcome of <see cref="EventSignatures.Verify"/>.</summary>
/// <param name="Outcome">What was found.</param>
/// <param name="Pdu">The event to go on with: redacted after a hash mismatch, else the one given.</param>
/// <param name="Server">The server whose signature failed.</param>
/// <param name="KeyId">The key whose signature failed.</param>
public readonly record struct EventCheck(EventCheckOutcome Outcome, Pdu Pdu, string? Server = null, string? KeyId = null)
{
    /// <summary>True when the event may be used, redacted or not.</summary>
    public bool IsAcceptable => Outcome is EventCheckOutcome.Valid or EventCheckOutcome.HashMismatch;
}
