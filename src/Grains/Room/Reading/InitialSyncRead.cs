using System.Text.Json;
using OrleansMatrix.Grains.User.Sync;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>The deprecated <c>GET …/initialSync</c> of one room.</summary>
internal static class InitialSyncRead
{
    public static async ValueTask<Outcome<ReadOnlyMemory<byte>>> RoomAsync(RoomReader reader, int limit)
    {
        using var json = new PooledJson();
        await WriteRoomAsync(reader, limit, json.Writer);
        return new ReadOnlyMemory<byte>(json.ToArray());
    }

    /// <summary>Writes a RoomInfo: its newest messages, state and account data.</summary>
    public static async ValueTask WriteRoomAsync(RoomReader reader, int limit, Utf8JsonWriter writer)
    {
        var roomId = reader.Room.RoomId;
        var page = await reader.PageAsync(HistoryOrder.Start, reader.Visibility.Bound, Direction.Backward, limit, EventFilter.None);
        page.Rows.Reverse();
        var entries = await reader.Room.Services.States.ListAsync(await reader.Visibility.StateAsync());
        var state = await reader.Room.FindManyAsync([.. entries.Select(e => e.EventId)]);
        var data = (await reader.Storage.AccountData.ChangedAsync(reader.Viewer.UserId, 0, long.MaxValue)).Where(d => d.RoomId == roomId);
        var receipts = await reader.Visibility.SeesEphemeralAsync()
            ? (await reader.Storage.Receipts.ChangedAsync([roomId], 0, long.MaxValue)).Where(r => EphemeralEvents.IsFor(reader.Viewer.UserId, r)) : [];
        var isPublic = await reader.Storage.Rooms.IsPublicAsync(roomId);
        var renderer = reader.Renderer();
        await renderer.PrepareAsync(page.Rows, reader.Visibility, previous: true);
        await renderer.PrepareAsync(state, null, previous: false);
        writer.WriteStartObject();
        writer.WriteString("room_id"u8, roomId);
        writer.WriteString("membership"u8, reader.Visibility.Row?.Membership ?? Membership.Leave);
        writer.WriteString("visibility"u8, isPublic ? "public" : "private");
        writer.WriteStartObject("messages"u8);
        writer.WriteString("start"u8, HistoryToken.After(page.Cursor));
        writer.WriteString("end"u8, page.Rows.Count > 0 ? HistoryToken.After(page.Rows[^1].Order!.Value) : HistoryToken.After(page.Cursor));
        renderer.WriteArray(writer, "chunk"u8, page.Rows);
        writer.WriteEndObject();
        renderer.WriteArray(writer, "state"u8, state);
        writer.WriteStartArray("account_data"u8);
        foreach (var row in AccountDataEvents.Readable(data, reader.Room.Services))
            AccountDataEvents.Write(writer, row);

        writer.WriteEndArray();
        writer.WriteStartArray("receipts"u8);
        EphemeralEvents.WriteReceipts(writer, receipts, roomId);
        writer.WriteEndArray();
        writer.WriteStartArray("presence"u8);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
