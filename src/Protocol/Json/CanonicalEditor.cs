namespace OrleansMatrix.Protocol.Json;

/// <summary>Leaves members out of objects that are known to be canonical JSON.</summary>
internal static class CanonicalEditor
{
    /// <summary>The object without one member.</summary>
    public static byte[] Without(ReadOnlySpan<byte> json, ReadOnlySpan<byte> key)
    {
        var output = new ByteBuilder(json.Length);
        AppendWithout(json, key, default, default, ref output);
        var result = output.Written.ToArray();
        output.Dispose();
        return result;
    }

    /// <summary>Appends the object without up to three members; an empty key leaves nothing out.</summary>
    public static void AppendWithout(
        ReadOnlySpan<byte> json, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, ref ByteBuilder output)
    {
        output.Append((byte)'{');
        AppendMembers(json, first, second, third, ref output);
        output.Append((byte)'}');
    }

    /// <summary>As <see cref="AppendWithout"/>, without the braces.</summary>
    public static void AppendMembers(
        ReadOnlySpan<byte> json, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, ref ByteBuilder output)
    {
        var start = output.Length;
        var members = new CanonicalObject(json);
        while (members.MoveNext())
        {
            var key = members.Key;
            if (!key.IsEmpty && (key.SequenceEqual(first) || key.SequenceEqual(second) || key.SequenceEqual(third)))
                continue;
            if (output.Length > start)
                output.Append((byte)',');
            output.Append(members.Member);
        }
    }
}
