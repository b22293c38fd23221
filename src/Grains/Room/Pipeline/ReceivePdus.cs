using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Room.Pipeline;

/// <summary>The way of remote events into the room: verified together before the turn, then judged one by one, each with a unit of its own.</summary>
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
        var incoming = await VerifyPdus.RunAsync(activation.Services.Keys, activation.RoomId, present.Version, remote.Pdus);
        if (others is not null && isAllowed)
        {
            for (var i = 0; i < incoming.Length; i++)
            {
                if (incoming[i].Pdu is { } pdu)
                    incoming[i] = incoming[i] with { Pdu = await PolicyGate.SignAsync(activation, others, pdu) };
            }
        }

        // They take their turns in this order, and wait for durability together.
        var judging = Array.ConvertAll(incoming, item => isAllowed && item.Pdu is { } pdu
            ? activation.ChangeAsync<JudgedPdu>(async (room, unit) => await ReceivePdu.RunAsync(room, unit, pdu, remote.StateBefore, distribute: false, remote.AtMissing))
            : Task.FromResult<Outcome<JudgedPdu>>(new JudgedPdu(item.EventId, PduVerdict.Dropped, isAllowed ? item.Fault : "The server is denied by m.room.server_acl", [])));
        var verdicts = ImmutableArray.CreateBuilder<JudgedPdu>(incoming.Length);
        foreach (var outcome in await Task.WhenAll(judging))
        {
            if (!outcome.Ok)
                return outcome.Error!;
            verdicts.Add(outcome.Value!);
        }

        return new PduVerdicts(verdicts.ToImmutable());
    }
}
