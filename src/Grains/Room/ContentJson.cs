using System.Buffers;
using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.Room;

/// <summary>Writes and reads the contents of events.</summary>
internal static class ContentJson
{
    public static readonly ReadOnlyMemory<byte> Empty = "{}"u8.ToArray();
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = CanonicalJson.MaxDepth };

    /// <summary>An object with the members that <paramref name="write"/> writes.</summary>
    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
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

    /// <summary>The object, or false if the text is not one. What is parsed is not pooled, so that nothing needs to be disposed of.</summary>
    public static bool TryParseObject(ReadOnlyMemory<byte> json, out JsonElement element)
    {
        element = default;
        try
        {
            var document = JsonDocument.Parse(json, s_options);
            element = document.RootElement;
            return element.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>A string member, or null.</summary>
    public static string? String(JsonElement content, string name) =>
        content.ValueKind == JsonValueKind.Object && content.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
