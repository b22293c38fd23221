using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>Reads the contents of events, which may be anything.</summary>
internal static class EventContent
{
    public static bool TryGet(JsonElement content, string name, out JsonElement value)
    {
        value = default;
        return content.ValueKind == JsonValueKind.Object && content.TryGetProperty(name, out value);
    }

    public static bool Has(JsonElement content, string name) => TryGet(content, name, out _);

    public static string? String(JsonElement content, string name) =>
        TryGet(content, name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static bool TryGetString(JsonElement content, string name, [NotNullWhen(true)] out string? text)
    {
        text = String(content, name);
        return text is not null;
    }
}
