using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains;

/// <summary>Reads and writes JSON that is kept as UTF-8 bytes.</summary>
internal static class JsonBytes
{
    /// <summary>An object without members.</summary>
    public static readonly ReadOnlyMemory<byte> Empty = "{}"u8.ToArray();

    /// <summary>Parses a body that must be an object; null with the error if it is not.</summary>
    public static JsonDocument? ParseObject(ReadOnlyMemory<byte> body, out MatrixError? error)
    {
        error = null;
        JsonDocument document;
        try
        {
            document = JsonText.Parse(body);
        }
        catch (JsonException)
        {
            error = MatrixError.NotJson();
            return null;
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        document.Dispose();
        error = MatrixError.BadJson("The body is not an object");
        return null;
    }

    /// <summary>An object with the members that <paramref name="write"/> writes.</summary>
    public static ReadOnlyMemory<byte> Object(Action<Utf8JsonWriter> write) => PooledJson.Build(writer =>
    {
        writer.WriteStartObject();
        write(writer);
        writer.WriteEndObject();
    });

    /// <summary>A copy of the element's own text.</summary>
    public static ReadOnlyMemory<byte> Raw(JsonElement element) => JsonMarshal.GetRawUtf8Value(element).ToArray();

    /// <summary>True for a JSON number that is an integer within the range that canonical JSON allows.</summary>
    public static bool TryGetInteger(JsonElement element, out long value)
    {
        value = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out value) &&
            value is >= -CanonicalJson.MaxInteger and <= CanonicalJson.MaxInteger;
    }

    /// <summary>The object, or false if the text is not one. What is parsed is not pooled, so that nothing needs to be disposed of.</summary>
    public static bool TryParseObject(ReadOnlyMemory<byte> json, out JsonElement element)
    {
        element = default;
        try
        {
            var document = JsonText.Parse(json);
            element = document.RootElement;
            return element.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Copies the members of an object but for those named.</summary>
    public static void CopyMembers(Utf8JsonWriter writer, JsonElement from, params ReadOnlySpan<string> without)
    {
        if (from.ValueKind != JsonValueKind.Object)
            return;
        foreach (var member in from.EnumerateObject())
        {
            if (!without.Contains(member.Name))
                member.WriteTo(writer);
        }
    }

    /// <summary>A string member, or null.</summary>
    public static string? StringMember(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()
            : null;

    /// <summary>A text as a JSON string.</summary>
    public static ReadOnlyMemory<byte> StringValue(string value)
    {
        var text = JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes;
        return (byte[])[(byte)'"', .. text, (byte)'"'];
    }

    /// <summary>The text of a field that is a JSON string; null if it is missing or another value.</summary>
    public static string? StringField(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> fields, string key)
    {
        if (!fields.TryGetValue(key, out var json))
            return null;
        var reader = JsonText.Reader(json.Span);
        return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
    }
}
