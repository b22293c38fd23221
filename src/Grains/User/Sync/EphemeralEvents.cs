using System.Text.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>Receipts and typing notices as the events that clients get.</summary>
internal static class EphemeralEvents
{
    public const string Receipt = "m.receipt";
    public const string Typing = "m.typing";
    public const string Read = "m.read";
    public const string ReadPrivate = "m.read.private";

    /// <summary>Whether the receipt is for that user's eyes ("Servers MUST NOT send the m.read.private receipt to any other user").</summary>
    public static bool IsFor(string userId, ReceiptRow row) => row.Type == Read || (row.Type == ReadPrivate && row.UserId == userId);

    /// <summary>Writes one m.receipt event for each thread: a user may have receipts of several threads at one event.</summary>
    public static void WriteReceipts(Utf8JsonWriter writer, IEnumerable<ReceiptRow> rows, string? roomId = null)
    {
        foreach (var thread in rows.GroupBy(r => r.ThreadId, StringComparer.Ordinal))
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, Receipt);
            if (roomId is not null)
                writer.WriteString("room_id"u8, roomId);
            writer.WriteStartObject("content"u8);
            foreach (var target in thread.GroupBy(r => r.EventId, StringComparer.Ordinal))
            {
                writer.WriteStartObject(target.Key);
                foreach (var type in target.GroupBy(r => r.Type, StringComparer.Ordinal))
                {
                    writer.WriteStartObject(type.Key);
                    foreach (var row in type)
                    {
                        writer.WriteStartObject(row.UserId);
                        writer.WriteNumber("ts"u8, row.Timestamp);
                        if (row.ThreadId.Length > 0)
                            writer.WriteString("thread_id"u8, row.ThreadId);
                        writer.WriteEndObject();
                    }

                    writer.WriteEndObject();
                }

                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }
    }

    /// <summary>Writes an m.typing event with those whose notice still holds.</summary>
    public static void WriteTyping(Utf8JsonWriter writer, TypingRow row, long now, string? roomId = null)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, Typing);
        if (roomId is not null)
            writer.WriteString("room_id"u8, roomId);
        writer.WriteStartObject("content"u8);
        writer.WriteStartArray("user_ids"u8);
        foreach (var (userId, until) in row.Users)
        {
            if (until > now)
                writer.WriteStringValue(userId);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
