using System.Text.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory.Searching;

/// <summary>What of which events is searched (C-S API, Server Side Search, <c>keys</c>). Encrypted events have none of it.</summary>
internal static class SearchedText
{
    private static readonly (string Key, string Type, string Member)[] s_fields =
    [
        ("content.body", "m.room.message", "body"),
        ("content.name", "m.room.name", "name"),
        ("content.topic", "m.room.topic", "topic"),
    ];

    /// <summary>The types of the events that some keys stand for; all, if none are given.</summary>
    public static string[] TypesOf(IReadOnlyCollection<string>? keys) =>
        [.. s_fields.Where(field => keys?.Contains(field.Key, StringComparer.Ordinal) != false).Select(static field => field.Type)];

    /// <summary>The text of an event; null if it has none, or cannot be read.</summary>
    public static string? Of(EventRow row)
    {
        var member = Array.Find(s_fields, field => field.Type == row.Type).Member;
        return member is not null && JsonBytes.TryParseObject(row.Json, out var json) && json.TryGetProperty("content"u8, out var content)
            && content.ValueKind == JsonValueKind.Object && content.TryGetProperty(member, out var text) && text.ValueKind == JsonValueKind.String
                ? text.GetString() : null;
    }
}
