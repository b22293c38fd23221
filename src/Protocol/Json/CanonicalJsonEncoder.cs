using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace OrleansMatrix.Protocol.Json;

/// <summary>
/// Reads JSON once and writes its canonical form as it goes; an object whose keys came out of order is put in order when it closes. Time and
/// memory are linear in the input but for the sorting: at most <see cref="JsonText.MaxDepthInside"/> copies of it.
/// </summary>
internal ref struct CanonicalJsonEncoder
{
    private static readonly SearchValues<byte> s_endOfRun =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    private readonly ReadOnlySpan<byte> _json;
    private readonly bool _strict;
    private readonly bool _verbatim;
    private readonly int _maxDepth;
    private ByteBuilder _output;
    private JsonMember[] _members;
    private int _memberCount;
    private int _position;
    private int _depth;
    private JsonFault _fault;

    private CanonicalJsonEncoder(ReadOnlySpan<byte> json, CanonicalJsonMode mode, int maxDepth, ByteBuilder output)
    {
        _json = json;
        _strict = mode == CanonicalJsonMode.Strict;
        _verbatim = mode == CanonicalJsonMode.Verbatim;
        _maxDepth = _verbatim ? JsonText.MaxDepthInside : maxDepth;
        _output = output;
        _members = ArrayPool<JsonMember>.Shared.Rent(64);
    }

    /// <summary>Appends the canonical form of <paramref name="json"/>; on a fault what was appended means nothing.</summary>
    public static JsonFault Encode(ReadOnlySpan<byte> json, CanonicalJsonMode mode, int maxDepth, ref ByteBuilder output)
    {
        if (!Utf8.IsValid(json))
            return JsonFault.InvalidUtf8;
        var encoder = new CanonicalJsonEncoder(json, mode, maxDepth, output);
        var done = encoder.WriteValue() && encoder.IsAtEnd();
        ArrayPool<JsonMember>.Shared.Return(encoder._members);
        output = encoder._output;
        return done ? JsonFault.None : encoder._fault;
    }

    private bool Fail(JsonFault fault = JsonFault.Syntax)
    {
        _fault = fault;
        return false;
    }

    private bool IsAtEnd()
    {
        Peek();
        return _position == _json.Length || Fail();
    }

    /// <summary>The next byte that is not white space, not consumed; 0 at the end.</summary>
    private byte Peek()
    {
        while (_position < _json.Length)
        {
            var next = _json[_position];
            if (next is not ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
                return next;
            _position++;
        }

        return 0;
    }

    private bool WriteValue()
    {
        switch (Peek())
        {
            case (byte)'{':
                return WriteObject();
            case (byte)'[':
                return WriteArray();
            case (byte)'"':
                return WriteString(out _);
            case (byte)'t':
                return WriteLiteral("true"u8);
            case (byte)'f':
                return WriteLiteral("false"u8);
            case (byte)'n':
                return WriteLiteral("null"u8);
            default:
                return WriteNumber();
        }
    }

    private bool WriteLiteral(ReadOnlySpan<byte> literal)
    {
        if (!_json[_position..].StartsWith(literal))
            return Fail();
        _position += literal.Length;
        _output.Append(literal);
        return true;
    }

    private bool WriteArray()
    {
        if (_depth == _maxDepth)
            return TooDeep();
        _depth++;
        _position++;
        _output.Append((byte)'[');
        if (Peek() == ']')
        {
            _position++;
        }
        else
        {
            while (true)
            {
                if (!WriteValue())
                    return false;
                var next = Peek();
                _position++;
                if (next == ']')
                    break;
                if (next != ',')
                    return Fail();
                _output.Append((byte)',');
            }
        }

        _output.Append((byte)']');
        _depth--;
        return true;
    }

    /// <summary>Deeper than is looked: a fault, or taken over as it is written, in one step for the whole of it.</summary>
    private bool TooDeep()
    {
        if (!_verbatim)
            return Fail(JsonFault.TooDeep);
        var rest = _json[_position..];
        var reader = JsonText.Reader(rest, int.MaxValue);
        try
        {
            reader.Read();
            reader.Skip();
        }
        catch (JsonException)
        {
            return Fail();
        }

        _output.Append(rest[..(int)reader.BytesConsumed]);
        _position += (int)reader.BytesConsumed;
        return true;
    }

    private bool WriteObject()
    {
        if (_depth == _maxDepth)
            return TooDeep();
        _depth++;
        _position++;
        _output.Append((byte)'{');
        if (Peek() == '}')
        {
            _position++;
        }
        else
        {
            var first = _memberCount;
            var sorted = true;
            while (true)
            {
                if (!WriteMember(first, ref sorted))
                    return false;
                var next = Peek();
                _position++;
                if (next == '}')
                    break;
                if (next != ',')
                    return Fail();
                _output.Append((byte)',');
            }

            if (!sorted && !Sort(first))
                return Fail(JsonFault.DuplicateKey);
            _memberCount = first;
        }

        _output.Append((byte)'}');
        _depth--;
        return true;
    }

    private bool WriteMember(int first, ref bool sorted)
    {
        if (Peek() != '"')
            return Fail();
        var start = _output.Length;
        if (!WriteString(out var escaped))
            return false;
        var member = new JsonMember(start, _output.Length, 0, escaped);
        if (Peek() != ':')
            return Fail();
        _position++;
        _output.Append((byte)':');

        var index = _memberCount++;
        if (index == _members.Length)
            GrowMembers();
        if (sorted && index > first)
            sorted = JsonMember.CompareKeys(_output.Array, _members[index - 1], member) < 0;
        if (!WriteValue())
            return false;
        _members[index] = member with { End = _output.Length };
        return true;
    }

    private void GrowMembers()
    {
        var larger = ArrayPool<JsonMember>.Shared.Rent(_members.Length * 2);
        _members.CopyTo(larger, 0);
        ArrayPool<JsonMember>.Shared.Return(_members);
        _members = larger;
    }

    /// <summary>Puts the members of the object now being closed in order; false for a repeated key in strict mode.</summary>
    private bool Sort(int first)
    {
        var members = _members.AsSpan(first, _memberCount - first);
        var start = members[0].Start;
        members.Sort(new JsonMemberComparer(_output.Array));

        var unsorted = ArrayPool<byte>.Shared.Rent(_output.Length - start);
        _output.Written[start..].CopyTo(unsorted);
        var keys = _output.Array;
        var target = start;
        var unique = true;
        for (var i = 0; i < members.Length; i++)
        {
            var member = members[i];
            // Equal keys are sorted by position: of several, the last one stays.
            if (i + 1 < members.Length && EqualKeys(unsorted, start, member, members[i + 1]))
            {
                unique = false;
                continue;
            }

            if (target > start)
                keys[target++] = (byte)',';
            var length = member.End - member.Start;
            unsorted.AsSpan(member.Start - start, length).CopyTo(keys.AsSpan(target));
            target += length;
        }

        ArrayPool<byte>.Shared.Return(unsorted);
        _output.Length = target;
        return unique || !_strict;
    }

    // A canonical key has one spelling, so equal keys are equal bytes.
    private static bool EqualKeys(byte[] bytes, int offset, JsonMember a, JsonMember b) =>
        bytes.AsSpan(a.Start - offset, a.KeyEnd - a.Start).SequenceEqual(bytes.AsSpan(b.Start - offset, b.KeyEnd - b.Start));

    private bool WriteString(out bool escaped)
    {
        escaped = false;
        var start = _position++;
        while (true)
        {
            var run = _json[_position..].IndexOfAny(s_endOfRun);
            if (run < 0)
                return Fail();
            _position += run;
            var end = _json[_position];
            if (end == '"')
            {
                _output.Append(_json[start..++_position]);
                return true;
            }

            if (end != '\\')
                return Fail();
            _output.Append(_json[start.._position]);
            if (!WriteEscape(ref escaped))
                return false;
            start = _position;
        }
    }

    private bool WriteEscape(ref bool escaped)
    {
        if (_position + 1 >= _json.Length)
            return Fail();
        var letter = _json[_position + 1];
        _position += 2;
        switch (letter)
        {
            case (byte)'/':
                _output.Append((byte)'/');
                return true;
            case (byte)'"' or (byte)'\\' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t':
                _output.Append((byte)'\\');
                _output.Append(letter);
                escaped = true;
                return true;
            case (byte)'u':
                return WriteUnicodeEscape(ref escaped);
            default:
                return Fail();
        }
    }

    private bool WriteUnicodeEscape(ref bool escaped)
    {
        if (!TryReadHex(out var unit))
            return Fail();
        if (char.IsHighSurrogate(unit))
        {
            var behind = _position;
            if (!_json[_position..].StartsWith("\\u"u8))
                return LoneSurrogate(unit, ref escaped);
            _position += 2;
            if (!TryReadHex(out var low))
                return Fail();
            if (char.IsLowSurrogate(low))
                return WriteRune(new Rune(unit, low));
            _position = behind;
            return LoneSurrogate(unit, ref escaped);
        }

        if (char.IsLowSurrogate(unit))
            return LoneSurrogate(unit, ref escaped);
        if (unit >= ' ' && unit is not ('"' or '\\'))
            return WriteRune(new Rune(unit));

        escaped = true;
        _output.AppendEscaped(unit);
        return true;
    }

    private bool LoneSurrogate(char unit, ref bool escaped)
    {
        if (!_verbatim)
            return Fail(JsonFault.LoneSurrogate);
        escaped = true;
        Span<byte> escape = stackalloc byte[6];
        var written = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}"), escape);
        _output.Append(escape[..written]);
        return true;
    }

    private bool WriteRune(Rune rune)
    {
        var written = rune.EncodeToUtf8(_output.Reserve(rune.Utf8SequenceLength));
        Debug.Assert(written == rune.Utf8SequenceLength, "The rune fills what was reserved");
        return true;
    }

    private bool TryReadHex(out char unit)
    {
        unit = '\0';
        if (_json.Length - _position < 4)
            return false;
        var value = 0;
        foreach (var digit in _json.Slice(_position, 4))
        {
            if (!char.IsAsciiHexDigit((char)digit))
                return false;
            value = (value << 4) + (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        _position += 4;
        unit = (char)value;
        return true;
    }

    private bool WriteNumber()
    {
        var length = CanonicalNumber.Scan(_json[_position..], out var isInteger);
        if (length == 0)
            return Fail();
        var number = _json.Slice(_position, length);
        var fault = CanonicalNumber.Write(number, isInteger, _strict, ref _output);
        if (fault == JsonFault.OutOfRange && _verbatim)
        {
            fault = JsonFault.None;
            _output.Append(number);
        }

        _position += length;
        return fault == JsonFault.None || Fail(fault);
    }
}
