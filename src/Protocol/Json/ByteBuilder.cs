using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace OrleansMatrix.Protocol.Json;

/// <summary>A growing byte buffer from the shared pool. Dispose it to give the buffer back.</summary>
internal ref struct ByteBuilder(int capacity) : IDisposable
{
    private static readonly SearchValues<char> s_escaped =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(i => (char)i), '"', '\\']);

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(capacity, 64));

    /// <summary>Bytes written so far.</summary>
    public int Length { get; set; }

    /// <summary>The bytes written so far; valid until the next append.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>The same bytes, to change in place.</summary>
    public readonly Span<byte> WrittenForUpdate => _buffer.AsSpan(0, Length);

    /// <summary>The array behind <see cref="Written"/>; valid until the next append.</summary>
    public readonly byte[] Array => _buffer;

    public void Append(byte value)
    {
        if (Length == _buffer.Length)
            Grow(1);
        _buffer[Length++] = value;
    }

    public void Append(scoped ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>Appends a JSON string in canonical form.</summary>
    public void AppendJsonString(ReadOnlySpan<char> text)
    {
        Append((byte)'"');
        while (!text.IsEmpty)
        {
            var run = text.IndexOfAny(s_escaped);
            var plain = run < 0 ? text : text[..run];
            Encoding.UTF8.GetBytes(plain, Reserve(Encoding.UTF8.GetByteCount(plain)));
            if (run < 0)
                break;
            AppendEscaped(text[run]);
            text = text[(run + 1)..];
        }

        Append((byte)'"');
    }

    /// <summary>Appends a character that canonical JSON escapes, in the shortest form (appendices, Canonical JSON, Grammar).</summary>
    public void AppendEscaped(char character)
    {
        var letter = character switch
        {
            '\b' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\f' => 'f',
            '\r' => 'r',
            '"' => '"',
            '\\' => '\\',
            _ => 'u',
        };
        Append((byte)'\\');
        Append((byte)letter);
        if (letter != 'u')
            return;
        Append("00"u8);
        Append((byte)(character < 0x10 ? '0' : '1'));
        Append("0123456789abcdef"u8[character & 0xF]);
    }

    /// <summary>Appends an integer.</summary>
    public void AppendInteger(long value)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(value, digits, out var written);
        Append(digits[..written]);
    }

    /// <summary>Makes room for exactly <paramref name="count"/> bytes, which the caller must fill.</summary>
    public Span<byte> Reserve(int count)
    {
        if (_buffer.Length - Length < count)
            Grow(count);
        var span = _buffer.AsSpan(Length, count);
        Length += count;
        return span;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        Length = 0;
    }

    private void Grow(int count)
    {
        var larger = ArrayPool<byte>.Shared.Rent(checked(Math.Max(_buffer.Length * 2, Length + count)));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
