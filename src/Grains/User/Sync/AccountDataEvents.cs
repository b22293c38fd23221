using System.Text.Json;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>Account data as clients get it in lists.</summary>
internal static class AccountDataEvents
{
    /// <summary>Those that can be written; what cannot is told in the log.</summary>
    public static IEnumerable<AccountDataRow> Readable(IEnumerable<AccountDataRow> rows, ReadServices services) =>
        rows.Where(row => services.IsReadable(row.Json, $"Account data {row.Type} of {(row.RoomId.Length == 0 ? "all rooms" : row.RoomId)}", row.UserId));

    /// <summary>Writes one.</summary>
    public static void Write(Utf8JsonWriter writer, AccountDataRow row)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, row.Type);
        writer.WritePropertyName("content"u8);
        writer.WriteRaw(row.Json.Span);
        writer.WriteEndObject();
    }
}
