using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Room.Pipeline;

/// <summary>The way of remote events into the room: verified together before the turn, then judged one by one, each with a commit of its own.</summary>
internal static class ReceivePdus
{
    private const int MaxPdus = 500;

    public static async Task<Outcome<PduVerdicts>> RunAsync(RoomActivation activation, RemotePdus remote, IRemoteRooms? others = null)
    {
        if (remote.Pdus.Length > MaxPdus || ((!remote.StateBefore.IsDefault || !remote.AtMissing.IsDefault) && remote.Pdus.Length != 1))
            return MatrixError.InvalidParam("Too many events at once");
        if (activation.Room is not { } present)
            return MatrixError.NotFound("Unknown room");
        var isAllowed = await activation.ReadAsync(async room => await room!.AllowsServerAsync(remote.Origin));
        var verdicts = ImmutableArray.CreateBuilder<JudgedPdu>(remote.Pdus.Length);
        foreach (var incoming in await VerifyPdus.RunAsync(activation.Services.Keys, activation.RoomId, present.Version, remote.Pdus))
        {
            if (!isAllowed || incoming.Pdu is not { } pdu)
            {
                verdicts.Add(new JudgedPdu(incoming.EventId, PduVerdict.Dropped, isAllowed ? incoming.Fault : "The server is denied by m.room.server_acl", []));
                continue;
            }

            if (others is not null)
                pdu = await PolicyGate.SignAsync(activation, others, pdu);
            var outcome = await activation.ChangeAsync<JudgedPdu>(async (room, unit) =>
                await ReceivePdu.RunAsync(room, unit, pdu, remote.StateBefore, distribute: false, remote.AtMissing));
            if (!outcome.Ok)
                return outcome.Error!;
            verdicts.Add(outcome.Value!);
        }

        return new PduVerdicts(verdicts.ToImmutable());
    }
}
