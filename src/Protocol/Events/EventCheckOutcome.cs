namespace OrleansMatrix.Protocol.Events;

/// <summary>How an event fared in steps 2 and 3 of the checks on receipt of a PDU.</summary>
public enum EventCheckOutcome
{
    /// <summary>Signatures and hash are good.</summary>
    Valid,

    /// <summary>Signatures are good, the content hash is not: the redacted event is to be used.</summary>
    HashMismatch,

    /// <summary>A server that must have signed did not, with any key of a known algorithm: drop the event.</summary>
    MissingSignature,

    /// <summary>None of a server's signatures is by a key that is known and was valid at the time: drop the event.</summary>
    UnknownKey,

    /// <summary>A signature by a known key is wrong: drop the event.</summary>
    InvalidSignature,
}
