using System.Buffers;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>Bytes that come piece by piece, in pooled buffers that need not be moved when there are more, and are copied out once.</summary>
public sealed class PooledBytes : IBufferWriter<byte>, IDisposable
{
    private const int LargestBuffer = 1024 * 1024;
    private const int LeastRoom = 256;
    private List<(byte[] Buffer, int Length)>? _full;
    private int _fullLength;
    private byte[] _buffer;
    private int _written;

    /// <param name="first">The size of the first buffer.</param>
    public PooledBytes(int first = 4096)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(first);
        Capacity = _buffer.Length;
    }

    public int Length => _fullLength + _written;

    /// <summary>The size of all buffers.</summary>
    public int Capacity { get; private set; }

    /// <summary>All that was written.</summary>
    public byte[] ToArray()
    {
        var all = GC.AllocateUninitializedArray<byte>(Length);
        var length = 0;
        foreach (var (buffer, count) in _full ?? [])
        {
            buffer.AsSpan(0, count).CopyTo(all.AsSpan(length));
            length += count;
        }

        _buffer.AsSpan(0, _written).CopyTo(all.AsSpan(length));
        return all;
    }

    public void Advance(int count) => _written += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_written);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_written);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        foreach (var (buffer, _) in _full ?? [])
            ArrayPool<byte>.Shared.Return(buffer);
        (_buffer, _full) = ([], null);
    }

    // Small ones are doubled, so that little is rented for little; large ones stay where they are.
    private void Reserve(int sizeHint)
    {
        if (_buffer.Length - _written >= Math.Max(sizeHint, 1))
            return;
        var needed = _written + Math.Max(sizeHint, LeastRoom);
        var isMoved = needed <= LargestBuffer;
        var next = ArrayPool<byte>.Shared.Rent(isMoved ? Math.Max(needed, _buffer.Length * 2) : Math.Max(sizeHint, LargestBuffer));
        Capacity += next.Length;
        if (isMoved)
        {
            _buffer.AsSpan(0, _written).CopyTo(next);
            Capacity -= _buffer.Length;
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        else
        {
            (_full ??= []).Add((_buffer, _written));
            _fullLength += _written;
            _written = 0;
        }

        _buffer = next;
    }
}
