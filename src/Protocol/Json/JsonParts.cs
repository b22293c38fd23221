using System.Text.Json;

namespace OrleansMatrix.Protocol.Json;

/// <summary>
/// Leaves out of what another server sends the parts that cannot be read (<see cref="JsonText.FindFault"/>), so that one event, device or room does not take
/// the others of a transaction or an answer with it.
/// </summary>
public static class JsonParts
{
    /// <summary>
    /// The value without what cannot be read: items of lists as a whole, and members of objects down to <paramref name="levels"/> levels; so nothing within an
    /// item is changed. Empty if nothing is left. The same bytes if all of it can be read.
    /// </summary>
    /// <param name="json">The value as it came.</param>
    /// <param name="levels">How deep objects are looked into: 1 for the members of the value itself.</param>
    /// <param name="faults">How many parts were left out.</param>
    public static ReadOnlyMemory<byte> Readable(ReadOnlyMemory<byte> json, int levels, out int faults)
    {
        faults = 0;
        return Readable(json, levels, JsonText.MaxDepthInside, ref faults);
    }

    private static ReadOnlyMemory<byte> Readable(ReadOnlyMemory<byte> json, int levels, int maxDepth, ref int faults)
    {
        if (JsonText.FindFault(json.Span, maxDepth) is null)
            return json;
        var reader = JsonText.Reader(json.Span, int.MaxValue);
        var output = new ByteBuilder(json.Length);
        try
        {
            reader.Read();
            var isObject = reader.TokenType == JsonTokenType.StartObject;
            if ((!isObject || levels == 0) && reader.TokenType != JsonTokenType.StartArray)
                throw new JsonException();
            output.Append(isObject ? (byte)'{' : (byte)'[');
            while (reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
            {
                ReadOnlyMemory<byte> name = default;
                if (isObject)
                {
                    name = Take(json, ref reader);
                    reader.Read();
                }

                var value = Take(json, ref reader);
                var kept = name.IsEmpty || JsonText.FindFault(name.Span) is null
                    ? Readable(value, isObject ? levels - 1 : 0, maxDepth - 1, isObject, ref faults) : default;
                if (kept.IsEmpty)
                    continue;
                if (output.Length > 1)
                    output.Append((byte)',');
                if (isObject)
                {
                    output.Append(name.Span);
                    output.Append((byte)':');
                }

                output.Append(kept.Span);
            }

            // What stands behind the value makes it no JSON.
            if (reader.Read())
                throw new JsonException();
            output.Append(isObject ? (byte)'}' : (byte)']');
            return output.Written.ToArray();
        }
        catch (JsonException)
        {
            faults++;
            return default;
        }
        finally
        {
            output.Dispose();
        }
    }

    /// <summary>A part: of an object it may be reduced further, of a list it is taken or left.</summary>
    private static ReadOnlyMemory<byte> Readable(ReadOnlyMemory<byte> part, int levels, int maxDepth, bool isMember, ref int faults)
    {
        if (isMember)
            return Readable(part, levels, maxDepth, ref faults);
        if (JsonText.FindFault(part.Span, maxDepth) is null)
            return part;
        faults++;
        return default;
    }

    private static ReadOnlyMemory<byte> Take(ReadOnlyMemory<byte> json, ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType == JsonTokenType.PropertyName)
            return json.Slice(start, reader.ValueSpan.Length + 2);
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }
}
