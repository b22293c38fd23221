using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>Forgets events that wait and are not to be judged any more.</summary>
internal static class DropStaged
{
    public static Task<Outcome<Nothing>> RunAsync(RoomActivation activation, ImmutableArray<string> eventIds) =>
        activation.ChangeAsync<Nothing>(async (room, unit) =>
    {
        // What waits is read from storage, which earlier units on their way may change.
        await activation.WaitForCommitsAsync();
        var dropped = eventIds.ToHashSet(StringComparer.Ordinal);
        foreach (var row in await room.Services.Storage.StagedPdus.OfRoomAsync(room.RoomId))
        {
            if (!dropped.Contains(row.EventId))
                continue;
            if (Pdu.TryFromStored(row.Json, room.Version, row.EventId, out var pdu))
                unit.Unstage(pdu);
            else
                room.Services.Storage.StagedPdus.Delete(unit.Unit, room.RoomId, row.EventId);
        }

        return Nothing.Value;
    });
}
