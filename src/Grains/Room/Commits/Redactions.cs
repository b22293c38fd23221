using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
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

    /// <summary>Applies redactions that came before their target.</summary>
    public static async ValueTask ApplyPendingAsync(ActiveRoom room, RoomUnit unit, Pdu target, Arrivals arrivals)
    {
        var stored = arrivals.IsAwaited(target.EventId) ? await room.Services.Storage.Events.PendingRedactionsAsync(target.EventId) : [];
        foreach (var redactionId in stored.Union(room.Events.AwaitedBy(target.EventId)))
        {
            if (await room.Events.GetAsync(redactionId) is not { StateBefore: { } before } redaction)
                continue;
            var state = room.View(before);
            await state.LoadAsync();
            if (!Rules.Apply(room.Version, redaction.Pdu, target, state.PowerLevels))
                continue;
            await unit.RedactAsync((await room.Events.GetAsync(target.EventId))!, Redaction.Redact(target), redactionId);
            return;
        }
    }
}
