namespace OrleansMatrix.Protocol;

/// <summary>A source of random bytes, injected so that tests can fix it.</summary>
public interface IRandom
{
    /// <summary>Fills the buffer with random bytes.</summary>
    void Fill(Span<byte> buffer);
}
