using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>Reads of the room's state and members.</summary>
internal static class StateRead
{
    public static async ValueTask<Outcome<ReadOnlyMemory<byte>>> StateAsync(RoomReader reader)
    {
        var entries = await reader.Room.Services.States.ListAsync(await reader.Visibility.StateAsync());
        if (!await reader.TryHoldAsync(entries.Count))
            return MatrixError.LimitExceeded(ShareBudget.RetryAfterMs);
        var rows = await reader.Room.FindManyAsync([.. entries.Select(e => e.EventId)]);
        var renderer = reader.Renderer();
        await renderer.PrepareAsync(rows, null, previous: false);
        return PooledJson.Build(writer =>
        {
            writer.WriteStartArray();
            foreach (var row in rows)
                renderer.Write(writer, row);
            writer.WriteEndArray();
        });
    }

    public static async ValueTask<Outcome<ReadOnlyMemory<byte>>> StateEventAsync(RoomReader reader, string type, string stateKey, bool wholeEvent)
    {
        if (await reader.Room.StateEventAsync(await reader.Visibility.StateAsync(), type, stateKey) is not { } pdu)
            return MatrixError.NotFound("No such state");
        var row = (await reader.Room.FindAsync(pdu.EventId))!;
        if (!wholeEvent)
        {
            var shown = await reader.Room.IsErasedForAsync(row, reader.Viewer.UserId) ? Redaction.Redact(pdu) : pdu;
            return shown.ContentJson.ToArray().AsMemory().AsReadOnly();
        }

        var renderer = reader.Renderer();
        await renderer.PrepareAsync([row], null, previous: false);
        return PooledJson.Build(writer => renderer.Write(writer, row));
    }

    public static async ValueTask<Outcome<ReadOnlyMemory<byte>>> MembersAsync(RoomReader reader, string? at, string? membership, string? notMembership)
    {
        if (!HistoryToken.Parse(at).TryGet(out var place, out var error))
            return error;
        if (place is { } past && !await reader.Visibility.CanSeeStateAsync(past))
            return MatrixError.Forbidden("You may not see the room as it was then");
        var bound = place is { } asked && asked < reader.Visibility.Bound ? asked : reader.Visibility.Bound;
        var entries = await reader.Room.Services.States.ListAsync(await reader.Room.StateAfterAsync(bound), StatePart.Members);
        if (entries.Count == 0)
            entries = await FirstMembersAsync(reader);
        if (!await reader.TryHoldAsync(entries.Count))
            return MatrixError.LimitExceeded(ShareBudget.RetryAfterMs);
        var rows = await reader.Room.FindManyAsync([.. entries.Select(e => e.EventId)]);
        rows.RemoveAll(r => reader.Room.Parse(r).Membership is var m &&
            ((membership is not null && m != membership) || (notMembership is not null && m == notMembership)));
        var renderer = reader.Renderer();
        await renderer.PrepareAsync(rows, null, previous: false);
        return PooledJson.Build(writer =>
        {
            writer.WriteStartObject();
            renderer.WriteArray(writer, "chunk"u8, rows);
            writer.WriteEndObject();
        });
    }

    // Before the creator's join, which follows m.room.create, a room has no members. Clients that were given the whole history ask for those at its start.
    private static async ValueTask<List<StateEntry>> FirstMembersAsync(RoomReader reader) =>
        await reader.Storage.Events.RangeAsync(reader.Room.RoomId, HistoryOrder.Start, reader.Visibility.Bound, Direction.Forward, 2) is
            [{ Type: EventTypes.Create }, { Type: EventTypes.Member, Order: { } place }]
            ? await reader.Room.Services.States.ListAsync(await reader.Room.StateAfterAsync(place), StatePart.Members) : [];

    public static async ValueTask<Outcome<ReadOnlyMemory<byte>>> JoinedMembersAsync(RoomReader reader)
    {
        if (!reader.Visibility.IsJoined && reader.Viewer.AppServiceId is null)
            return MatrixError.Forbidden("You are not in this room");
        var members = await reader.Storage.Memberships.OfRoomAsync(reader.Room.RoomId, Membership.Join);
        return PooledJson.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("joined"u8);
            foreach (var member in members)
            {
                writer.WriteStartObject(member.UserId);
                writer.WriteString("display_name"u8, member.DisplayName);
                writer.WriteString("avatar_url"u8, member.AvatarUrl);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private static ReadOnlyMemory<byte> AsReadOnly(this Memory<byte> memory) => memory;
}
