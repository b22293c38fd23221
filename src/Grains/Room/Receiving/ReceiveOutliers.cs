using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>
/// Takes events that others need to be judged: verified and checked against their auth events, they are stored without a place in the room's history. Those
/// that others name as auth events come first.
/// </summary>
internal static class ReceiveOutliers
{
    private const int MaxPdus = 500;

    public static async Task<Outcome<PduVerdicts>> RunAsync(RoomActivation activation, RemotePdus remote)
    {
        if (remote.Pdus.Length > MaxPdus)
            return MatrixError.InvalidParam("Too many events at once");
        if (activation.Room is not { } present)
            return MatrixError.NotFound("Unknown room");
        var incoming = await VerifyPdus.RunAsync(activation.Services.Keys, activation.RoomId, present.Version, remote.Pdus);
        return await activation.ChangeAsync<PduVerdicts>(async (room, unit) =>
        {
            var verdicts = ImmutableArray.CreateBuilder<JudgedPdu>(incoming.Length);
            foreach (var item in incoming)
            {
                verdicts.Add(item.Pdu is { } pdu
                    ? await JudgeAsync(room, unit, pdu)
                    : new JudgedPdu(item.EventId, PduVerdict.Dropped, item.Fault, []));
            }

            // Also of those that were stored beside the room, and are found now.
            await Redactions.ApplyPendingAsync(room, unit, [.. incoming.Where(item => item.Pdu is not null).Select(item => item.EventId)]);
            return new PduVerdicts(verdicts.MoveToImmutable());
        });
    }

    private static async ValueTask<JudgedPdu> JudgeAsync(ActiveRoom room, RoomUnit unit, Pdu pdu)
    {
        if (await room.Events.GetAsync(pdu.EventId) is not null)
            return new JudgedPdu(pdu.EventId, PduVerdict.Duplicate, null, []);
        if (await ReceivePdu.OtherRoomHasIdAsync(room, pdu))
            return new JudgedPdu(pdu.EventId, PduVerdict.Dropped, "An event of another room has its id", []);
        if (pdu.Type == EventTypes.Create)
            return new JudgedPdu(pdu.EventId, PduVerdict.Dropped, "The room's create event is known", []);
        var (fault, missing) = await CheckAuthEvents.RunAsync(room, pdu);
        if (!missing.IsEmpty)
            return new JudgedPdu(pdu.EventId, PduVerdict.MissingAuthEvents, null, missing);
        unit.AddAside(pdu, fault is null ? EventStatus.Outlier : EventStatus.Outlier | EventStatus.Rejected, null, null);
        return new JudgedPdu(pdu.EventId, fault is null ? PduVerdict.Accepted : PduVerdict.Rejected, fault, []);
    }
}
