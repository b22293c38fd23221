using System.Text.Json;
using OrleansMatrix.Grains.User.Unread;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>The sections <c>unread_notifications</c> and <c>unread_thread_notifications</c> of a room.</summary>
internal static class UnreadSection
{
    /// <summary>Writes the counts: of the whole room, or, with <paramref name="byThread"/>, of the main timeline and of each thread that has some.</summary>
    public static void Write(Utf8JsonWriter writer, RoomUnread unread, bool byThread)
    {
        writer.WritePropertyName("unread_notifications"u8);
        if (!byThread)
        {
            WriteCounts(writer, unread.Events.Count, unread.Highlights);
            return;
        }

        WriteCounts(writer, unread.Events.Where(e => e.Thread == EventThread.Main));
        var threads = unread.Events.Where(e => e.Thread != EventThread.Main).ToLookup(e => e.Thread, StringComparer.Ordinal);
        if (threads.Count == 0)
            return;
        writer.WriteStartObject("unread_thread_notifications"u8);
        foreach (var thread in threads)
        {
            writer.WritePropertyName(thread.Key);
            WriteCounts(writer, thread);
        }

        writer.WriteEndObject();
    }

    private static void WriteCounts(Utf8JsonWriter writer, IEnumerable<UnreadEvent> events)
    {
        var (notifications, highlights) = (0, 0);
        foreach (var unread in events)
        {
            notifications++;
            highlights += unread.Highlight ? 1 : 0;
        }

        WriteCounts(writer, notifications, highlights);
    }

    private static void WriteCounts(Utf8JsonWriter writer, int notifications, int highlights)
    {
        writer.WriteStartObject();
        writer.WriteNumber("highlight_count"u8, highlights);
        writer.WriteNumber("notification_count"u8, notifications);
        writer.WriteEndObject();
    }
}
