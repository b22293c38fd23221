using System.Runtime.InteropServices;
using System.Text.Json;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.Device;

/// <summary>Small helpers for JSON kept as UTF-8 bytes.</summary>
internal static class JsonBytes
{
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = CanonicalJson.MaxDepth };

    /// <summary>Parses a body that must be an object; null with the error if it is not.</summary>
    public static JsonDocument? ParseObject(ReadOnlyMemory<byte> body, out MatrixError? error)
    {
        error = null;
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, s_options);
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
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out value) && value is >= -CanonicalJson.MaxInteger and <= CanonicalJson.MaxInteger;
    }
}
