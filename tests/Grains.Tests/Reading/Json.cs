using System.Text.Json;

namespace OrleansMatrix.Grains.Tests.Reading;

/// <summary>Short ways through answers.</summary>
internal static class Json
{
    public static JsonElement? At(this JsonElement json, params string[] path)
    {
        foreach (var name in path)
        {
            if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(name, out json))
                return null;
        }

        return json;
    }

    public static string Next(this JsonElement sync) => sync.GetProperty("next_batch").GetString()!;

    public static JsonElement? Joined(this JsonElement sync, string roomId) => sync.At("rooms", "join", roomId);

    /// <summary>The events of a section such as <c>timeline</c>; empty if it is not there.</summary>
    public static List<JsonElement> Events(this JsonElement? room, string section) => room?.At(section, "events")?.EnumerateArray().ToList() ?? [];

    public static List<string> Bodies(this IEnumerable<JsonElement> events) =>
        [.. events.Select(e => e.At("content", "body")?.GetString() ?? e.GetProperty("type").GetString()!)];

    public static List<string> Keys(this IEnumerable<JsonElement> events) =>
        [.. events.Select(e => $"{e.GetProperty("type").GetString()}|{e.At("state_key")?.GetString()}").Order(StringComparer.Ordinal)];
}
