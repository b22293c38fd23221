using System.Text.Json;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>Writes the parts that rooms in a sync have in common.</summary>
internal static class RoomSections
{
    /// <summary>Writes <c>state</c> or <c>state_after</c>, and <c>timeline</c>.</summary>
    public static void WriteEvents(SyncScope scope, Utf8JsonWriter writer, RoomDelta delta)
    {
        writer.WriteStartObject(scope.Request.UseStateAfter ? "state_after"u8 : "state"u8);
        delta.Renderer.WriteArray(writer, "events"u8, delta.State);
        writer.WriteEndObject();
        writer.WriteStartObject("timeline"u8);
        delta.Renderer.WriteArray(writer, "events"u8, delta.Timeline.Events);
        writer.WriteBoolean("limited"u8, delta.Timeline.Limited);
        writer.WriteString("prev_batch"u8, HistoryToken.After(delta.Timeline.Start));
        writer.WriteEndObject();
    }

    /// <summary>Writes <c>account_data</c>, if there is any that the filter lets through.</summary>
    public static bool WriteAccountData(SyncScope scope, Utf8JsonWriter writer, IEnumerable<AccountDataRow> rows, EventFilter filter)
    {
        if (filter.IsClosed)
            return false;
        var open = false;
        foreach (var row in AccountDataEvents.Readable(rows, scope.Services.Read))
        {
            if (!filter.AllowsType(row.Type) || !filter.AllowsSender(scope.UserId) || !filter.AllowsRoom(row.RoomId))
                continue;
            if (!open)
            {
                writer.WriteStartObject("account_data"u8);
                writer.WriteStartArray("events"u8);
            }

            open = true;
            AccountDataEvents.Write(writer, row);
        }

        if (open)
        {
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return open;
    }
}
