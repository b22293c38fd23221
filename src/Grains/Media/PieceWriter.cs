using System.Buffers;
using System.Security.Cryptography;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>Writes content in pieces, hashing on the way; at the end it gets its name. It holds one piece.</summary>
/// <param name="turn">Is entered to write a piece.</param>
internal sealed class PieceWriter(IContentPieces pieces, string upload, SemaphoreSlim turn, TimeProvider time) : IMediaWriter
{
    private readonly Lock _lock = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _piece = ArrayPool<byte>.Shared.Rent(IContentPieces.PieceSize);
    private int _filled;
    private int _written;
    private bool _isBegun;
    private bool _isDisposed;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        _hash.AppendData(chunk.Span);
        while (!chunk.IsEmpty)
        {
            var taken = Math.Min(chunk.Length, IContentPieces.PieceSize - _filled);
            lock (_lock)
            {
                chunk.Span[..taken].CopyTo(_piece.AsSpan(_filled));
                _filled += taken;
            }

            chunk = chunk[taken..];
            if (_filled == IContentPieces.PieceSize)
                await PutAsync(cancellationToken);
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(long position, int most)
    {
        var (number, start) = ((int)(position / IContentPieces.PieceSize), (int)(position % IContentPieces.PieceSize));
        lock (_lock)
        {
            if (_isDisposed)
                return default;
            if (number == _written)
                return _piece.AsSpan(start, Math.Min(Math.Min(most, MediaWriter.MaxRead), _filled - start)).ToArray();
        }

        // Another upload of the same content may have been first; then what was kept here is deleted.
        return await pieces.ReadAsync(upload, number) is { } piece ? piece.Slice(start, Math.Min(most, piece.Length - start)) : default;
    }

    public async ValueTask<string> CompleteAsync(string? name)
    {
        var size = ((long)_written * IContentPieces.PieceSize) + _filled;
        if (_filled > 0)
            await PutAsync(CancellationToken.None);
        await BeginAsync(CancellationToken.None);
        name ??= Convert.ToHexStringLower(_hash.GetHashAndReset());
        await pieces.CompleteAsync(upload, name, size);
        return name;
    }

    public async ValueTask DisposeAsync()
    {
        _hash.Dispose();
        lock (_lock)
            _isDisposed = true;
        ArrayPool<byte>.Shared.Return(_piece);
        if (!_isBegun)
            return;
        try
        {
            // Of completed content nothing, but for what was there already under its name.
            await pieces.DiscardAsync(upload);
        }
        catch (Exception)
        {
            // Whoever wrote is told of the fault that ended it; what is left goes with what was abandoned.
        }
    }

    private async Task PutAsync(CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        await turn.WaitAsync(cancellationToken);
        try
        {
            await pieces.PutAsync(upload, _written, _piece.AsMemory(0, _filled), cancellationToken);
        }
        finally
        {
            turn.Release();
        }

        lock (_lock)
            (_written, _filled) = (_written + 1, 0);
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (_isBegun)
            return;
        _isBegun = true;
        await pieces.BeginAsync(upload, time.GetUtcNow().ToUnixTimeMilliseconds(), cancellationToken);
    }
}
