namespace OrleansMatrix.Protocol.Json;

/// <summary>How much of the canonical JSON format is enforced on input.</summary>
public enum CanonicalJsonMode
{
    /// <summary>
    /// Room v6 and later, and everything that is not an event: numbers are integers from -(2^53)+1 to 2^53-1 written without fraction or
    /// exponent, and no key is repeated within its object.
    /// </summary>
    Strict,

    /// <summary>Room v1 to v5: integers of any size and floats pass; of repeated keys the last counts.</summary>
    Lenient,

    /// <summary>
    /// The content of signed requests: as <see cref="Lenient"/>, but what has no canonical form (deeper than <see cref="JsonText.MaxDepthInside"/>, a number
    /// beyond a double, a lone surrogate) stays as it is written. So one event of a transaction that cannot be taken does not make its signature unreadable.
    /// </summary>
    Verbatim,
}
