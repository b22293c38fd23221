namespace OrleansMatrix.Protocol.Events;

/// <summary>One signature on an event.</summary>
/// <param name="Server">The signing server.</param>
/// <param name="KeyId">The key's id, such as <c>ed25519:1</c>.</param>
/// <param name="Signature">The signature in unpadded Base64, not yet checked.</param>
public readonly record struct EventSignature(string Server, string KeyId, string Signature);
