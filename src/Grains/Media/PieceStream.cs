using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>Reads content from a position to its end, a piece at a time. Between two reads it holds nothing but a piece.</summary>
internal sealed class PieceStream(IContentPieces pieces, ContentRow content, long position) : Stream
{
    private ReadOnlyMemory<byte> _rest;
    private int _next = (int)(position / IContentPieces.PieceSize);
    private int _skipped = (int)(position % IContentPieces.PieceSize);
    private long _position = position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    /// <summary>Bytes of the whole.</summary>
    public override long Length => content.Size;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position == content.Size || buffer.IsEmpty)
            return 0;
        if (_rest.IsEmpty)
        {
            var piece = await pieces.ReadAsync(content.Upload, _next, cancellationToken) ??
                throw new EndOfStreamException($"piece {_next} of the upload {content.Upload} is missing");
            _next++;
            (_rest, _skipped) = (piece[_skipped..], 0);
        }

        var read = Math.Min(buffer.Length, _rest.Length);
        _rest[..read].CopyTo(buffer);
        _rest = _rest[read..];
        _position += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
