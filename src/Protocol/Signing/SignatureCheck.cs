namespace OrleansMatrix.Protocol.Signing;

/// <summary>The outcome of checking whether an entity signed a JSON object.</summary>
public enum SignatureCheck
{
    /// <summary>Signed, by at least one known key, and by no known key wrongly.</summary>
    Valid,

    /// <summary>The text is not a JSON object that has a canonical form.</summary>
    NotCanonical,

    /// <summary>The entity has no signature with a known algorithm on the object.</summary>
    Missing,

    /// <summary>None of the keys is known.</summary>
    UnknownKey,

    /// <summary>A signature is wrong or not even Base64.</summary>
    Invalid,
}
