using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansMatrix.Grains.Account;

/// <summary>Strings as JSON and back.</summary>
internal static class JsonText
{
    public static ReadOnlyMemory<byte> String(string value)
    {
        var text = JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes;
        return (byte[])[(byte)'"', .. text, (byte)'"'];
    }

    /// <summary>The text of a field that is a JSON string; null if it is missing or another value.</summary>
    public static string? StringOf(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> fields, string key)
    {
        if (!fields.TryGetValue(key, out var json))
            return null;
        var reader = new Utf8JsonReader(json.Span);
        return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
    }
}
