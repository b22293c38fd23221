namespace OrleansMatrix.Protocol.Signing;

/// <summary>One native library's Ed25519. Sizes are checked before it is called.</summary>
internal interface IEd25519Library
{
    void GetPublicKey(ReadOnlySpan<byte> seed, Span<byte> publicKey);

    void Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, Span<byte> signature);

    bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);
}
