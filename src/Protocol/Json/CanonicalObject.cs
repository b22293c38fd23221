using System.Buffers;
using System.Text;

namespace OrleansMatrix.Protocol.Json;

/// <summary>
/// Walks the members of an object that is known to be canonical JSON, without parsing their values. Offsets are into the text given.
/// </summary>
internal ref struct CanonicalObject(ReadOnlySpan<byte> json)
{
    private static readonly SearchValues<byte> s_structure = SearchValues.Create("\"{}[]"u8);

    private readonly ReadOnlySpan<byte> _json = json;
    private int _next = 1;

    /// <summary>Offset of the member's quoted key.</summary>
    public int Start { get; private set; }

    /// <summary>Offset of the member's value.</summary>
    public int ValueStart { get; private set; }

    /// <summary>Offset just behind the member's value.</summary>
    public int End { get; private set; }

    /// <summary>The key as it is written, without its quotes.</summary>
    public readonly ReadOnlySpan<byte> Key => _json[(Start + 1)..(ValueStart - 2)];

    /// <summary>The value as it is written.</summary>
    public readonly ReadOnlySpan<byte> Value => _json[ValueStart..End];

    /// <summary>The whole member as it is written.</summary>
    public readonly ReadOnlySpan<byte> Member => _json[Start..End];

    /// <summary>Goes to the next member; false when there is none.</summary>
    public bool MoveNext()
    {
        if (_json[_next] == '}')
            return false;
        Start = _next;
        ValueStart = EndOfString(_json, Start) + 1;
        End = EndOfValue(_json, ValueStart);
        _next = End + 1;
        if (_json[End] == '}')
            _next = End;
        return true;
    }

    /// <summary>The value of a member of an object, or an empty span when it has none.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> json, ReadOnlySpan<byte> key)
    {
        var members = new CanonicalObject(json);
        while (members.MoveNext())
        {
            if (members.Key.SequenceEqual(key))
                return members.Value;
        }

        return default;
    }

    /// <summary>The text of a string value; null when the value is not a string.</summary>
    public static string? ReadString(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty || value[0] != '"')
            return null;
        if (!value.Contains((byte)'\\'))
            return Encoding.UTF8.GetString(value[1..^1]);
        var reader = JsonText.Reader(value);
        reader.Read();
        return reader.GetString();
    }

    /// <summary>The text of a key as <see cref="Key"/> gives it.</summary>
    public static string ReadKey(ReadOnlySpan<byte> key)
    {
        if (!key.Contains((byte)'\\'))
            return Encoding.UTF8.GetString(key);
        var quoted = new byte[key.Length + 2];
        quoted[0] = quoted[^1] = (byte)'"';
        key.CopyTo(quoted.AsSpan(1));
        return ReadString(quoted)!;
    }

    /// <summary>The offset just behind the value that starts at <paramref name="start"/>.</summary>
    public static int EndOfValue(ReadOnlySpan<byte> json, int start)
    {
        var first = json[start];
        if (first == '"')
            return EndOfString(json, start);
        if (first is not ((byte)'{' or (byte)'['))
        {
            var length = json[start..].IndexOfAny((byte)',', (byte)'}', (byte)']');
            return length < 0 ? json.Length : start + length;
        }

        var depth = 1;
        var i = start + 1;
        while (depth > 0)
        {
            i += json[i..].IndexOfAny(s_structure);
            switch (json[i])
            {
                case (byte)'"':
                    i = EndOfString(json, i);
                    break;
                case (byte)'{' or (byte)'[':
                    depth++;
                    i++;
                    break;
                default:
                    depth--;
                    i++;
                    break;
            }
        }

        return i;
    }

    private static int EndOfString(ReadOnlySpan<byte> json, int start)
    {
        var i = start + 1;
        while (true)
        {
            i += json[i..].IndexOfAny((byte)'"', (byte)'\\');
            if (json[i] == '"')
                return i + 1;
            i += 2;
        }
    }
}
