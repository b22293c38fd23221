using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;
using Rules = OrleansMatrix.Protocol.Authorization.Redactions;

namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>Applies redactions (room v3, Handling redactions).</summary>
internal static class Redactions
{
    /// <summary>Applies an accepted redaction to its target, or remembers it until the target comes.</summary>
    /// <param name="levels">The power levels of the state before the redaction.</param>
    public static async ValueTask ApplyAsync(ActiveRoom room, RoomUnit unit, Pdu redaction, PowerLevels levels)
    {
        var target = await room.Events.GetAsync(redaction.Redacts!);
        if (target is null)
        {
            room.Services.Storage.Events.AddPendingRedaction(unit.Unit, redaction.Redacts!, redaction.EventId, room.RoomId);
            room.Events.AddAwaited(redaction.Redacts!, redaction.EventId);
        }
        else if (!target.IsRedacted && Rules.Apply(room.Version, redaction, target.Pdu, levels))
            await unit.RedactAsync(target, Redaction.Redact(target.Pdu), redaction.EventId);
    }

    /// <summary>Applies redactions that came before events which are stored by now.</summary>
    public static async ValueTask ApplyPendingAsync(ActiveRoom room, RoomUnit unit, IReadOnlyCollection<string> targetIds)
    {
        const int Chunk = 500;
        foreach (var some in targetIds.Chunk(Chunk))
        {
            var awaited = await room.Services.Storage.Events.AwaitedAsync(some);
            foreach (var targetId in some)
                await ApplyPendingAsync(room, unit, targetId, awaited.Contains(targetId));
        }
    }

    /// <summary>Applies the first of the redactions that came before their target and may redact it.</summary>
    /// <param name="isStored">Such a redaction is in storage; those whose commit is on its way are known anyhow.</param>
    public static async ValueTask ApplyPendingAsync(ActiveRoom room, RoomUnit unit, string targetId, bool isStored)
    {
        var onTheWay = room.Events.AwaitedBy(targetId);
        if (!isStored && onTheWay.Count == 0)
            return;
        var stored = isStored ? await room.Services.Storage.Events.PendingRedactionsAsync(targetId) : [];
        foreach (var redactionId in stored.Union(onTheWay))
        {
            if (await room.Events.GetAsync(targetId) is not { IsRedacted: false } target)
                return;
            // A redaction of a room whose members came later may have been rejected since.
            if (await room.Events.GetAsync(redactionId) is not { StateBefore: { } before, Status: EventStatus.None } redaction)
                continue;
            var state = room.View(before);
            await state.LoadAsync();
            if (Rules.Apply(room.Version, redaction.Pdu, target.Pdu, state.PowerLevels))
                await unit.RedactAsync(target, Redaction.Redact(target.Pdu), redactionId);
        }
    }
}
