using System.Security.Cryptography;

namespace OrleansMatrix.Protocol;

/// <summary>The operating system's cryptographic random numbers.</summary>
public sealed class SystemRandom : IRandom
{
    /// <inheritdoc/>
    public void Fill(Span<byte> buffer) => RandomNumberGenerator.Fill(buffer);
}
