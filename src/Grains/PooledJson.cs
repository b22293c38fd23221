using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansMatrix.Grains;

/// <summary>JSON written into a pooled buffer and copied out once.</summary>
public sealed class PooledJson : IBufferWriter<byte>, IDisposable
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(4096);
    private int _written;

    public PooledJson() => Writer = new Utf8JsonWriter(this, s_options);

    public Utf8JsonWriter Writer { get; }

    /// <summary>Writes JSON by a function and gives the bytes.</summary>
    public static ReadOnlyMemory<byte> Build(Action<Utf8JsonWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var json = new PooledJson();
        write(json.Writer);
        return json.ToArray();
    }

    /// <summary>All that was written.</summary>
    public byte[] ToArray()
    {
        Writer.Flush();
        return _buffer.AsSpan(0, _written).ToArray();
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
        Writer.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void Reserve(int sizeHint)
    {
        var needed = _written + Math.Max(sizeHint, 256);
        if (needed <= _buffer.Length)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _buffer.Length * 2));
        _buffer.AsSpan(0, _written).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
