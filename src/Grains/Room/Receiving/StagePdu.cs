using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>
/// Keeps an event whose signatures and hashes are good, but which cannot be judged because what it follows is not here, and forgets it in the commit that
/// judges it (ADR 0035).
/// </summary>
internal static class StagePdu
{
    /// <summary>
    /// Events that one server may have waiting in all rooms. Several transactions of it that are taken at once may exceed it by their events.
    /// </summary>
    public const int MaxOfOrigin = 2000;

    /// <summary>The verdict, which is <see cref="PduVerdict.Staged"/> if the event waits from now on.</summary>
    /// <param name="origin">Whose event is to be kept if it cannot be judged; null if it is not to be.</param>
    public static JudgedPdu Decide(ActiveRoom room, RoomUnit unit, Pdu pdu, JudgedPdu judged, string? origin)
    {
        var isWaiting = room.Staged.Contains(pdu.EventId);
        if (judged.Verdict is not (PduVerdict.MissingPrevEvents or PduVerdict.MissingAuthEvents))
        {
            if (isWaiting)
                unit.Unstage(pdu);
            return judged;
        }

        // Of a room that this server has left it is owed nothing more.
        if (origin is null || !room.IsResident || !(isWaiting || room.Staged.HasPlace(origin)))
            return judged;
        if (!isWaiting)
            unit.Stage(pdu, origin);
        return judged with { Verdict = PduVerdict.Staged };
    }
}
