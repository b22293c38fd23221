namespace OrleansMatrix.Protocol.Json;

/// <summary>Where one object member lies in canonical output: the quoted key from Start to KeyEnd, the value up to End.</summary>
internal readonly record struct JsonMember(int Start, int KeyEnd, int End, bool KeyHasEscapes)
{
    /// <summary>Orders two members by the code points of their keys, which is the order of their UTF-8 bytes.</summary>
    public static int CompareKeys(byte[] buffer, JsonMember a, JsonMember b)
    {
        var left = a.Key(buffer);
        var right = b.Key(buffer);
        return a.KeyHasEscapes || b.KeyHasEscapes ? CompareEscaped(left, right) : left.SequenceCompareTo(right);
    }

    private ReadOnlySpan<byte> Key(byte[] buffer) => buffer.AsSpan(Start + 1, KeyEnd - Start - 2);

    private static int CompareEscaped(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        while (!left.IsEmpty && !right.IsEmpty)
        {
            var difference = Next(ref left) - Next(ref right);
            if (difference != 0)
                return difference;
        }

        return left.Length - right.Length;
    }

    /// <summary>Takes the next byte of the text behind a canonical string; every escape there stands for one byte.</summary>
    private static int Next(ref ReadOnlySpan<byte> text)
    {
        var first = text[0];
        if (first != '\\')
        {
            text = text[1..];
            return first;
        }

        var letter = text[1];
        if (letter != 'u')
        {
            text = text[2..];
            return letter switch
            {
                (byte)'b' => '\b',
                (byte)'t' => '\t',
                (byte)'n' => '\n',
                (byte)'f' => '\f',
                (byte)'r' => '\r',
                _ => letter,
            };
        }

        var low = text[5];
        var value = ((text[4] - '0') << 4) + (low <= '9' ? low - '0' : low - 'a' + 10);
        text = text[6..];
        return value;
    }
}

/// <summary>Orders members by key, and members of the same key by position.</summary>
internal readonly struct JsonMemberComparer(byte[] buffer) : IComparer<JsonMember>
{
    public int Compare(JsonMember x, JsonMember y)
    {
        var order = JsonMember.CompareKeys(buffer, x, y);
        return order != 0 ? order : x.Start.CompareTo(y.Start);
    }
}
