using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Policy;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>
/// The way of remote events into the room: verified together before the turn, then judged one by one, each on top of those before it. Some at a time share a
/// turn and a commit; the commits are waited for together.
/// </summary>
internal static class ReceivePdus
{
    private const int MaxPdus = 500;

    // Few enough that a local send between them does not wait long, and that storage writes the first while the next are judged.
    private const int PerTurn = 25;

    public static async Task<Outcome<PduVerdicts>> RunAsync(RoomActivation activation, RemotePdus remote, IRemoteRooms? others = null)
    {
        if (remote.Pdus.Length > MaxPdus || ((!remote.StateBefore.IsDefault || !remote.AtMissing.IsDefault) && remote.Pdus.Length != 1))
            return MatrixError.InvalidParam("Too many events at once");
        if (activation.Room is not { IsResident: true } && others is not null)
            return await FromOutsideAsync(activation, remote, others);
        return await FromInsideAsync(activation, remote, others);
    }

    // Of a room that this server is not in, what becomes of its users' invites and knocks is of interest still.
    private static async Task<Outcome<PduVerdicts>> FromOutsideAsync(RoomActivation activation, RemotePdus remote, IRemoteRooms others)
    {
        var judged = await FromInsideAsync(activation, remote, others);
        var verdicts = judged.Ok ? judged.Value.Pdus.ToArray() : [.. remote.Pdus.Select(_ => new JudgedPdu("", PduVerdict.Dropped, judged.Error.Message, []))];
        var withdrawn = new WithdrawnMembership(others);
        var isKnown = judged.Ok;
        for (var i = 0; i < verdicts.Length; i++)
        {
            if (verdicts[i].Verdict == PduVerdict.Accepted || await withdrawn.RunAsync(activation, remote.Origin, remote.Pdus[i]) is not { } taken)
                continue;
            verdicts[i] = taken;
            isKnown = true;
        }

        return isKnown ? new PduVerdicts([.. verdicts]) : judged;
    }

    private static async Task<Outcome<PduVerdicts>> FromInsideAsync(RoomActivation activation, RemotePdus remote, IRemoteRooms? others)
    {
        if (activation.Room is not { } present)
            return MatrixError.NotFound("Unknown room");
        var (isAllowed, usesPolicy) =
            await activation.ReadAsync(async room => (await room!.AllowsServerAsync(remote.Origin), await room.FindPolicyAsync() is not null));
        var incoming = await VerifyPdus.RunAsync(activation.Services.Keys, activation.RoomId, present.Version, remote.Pdus);
        if (!isAllowed)
            return new PduVerdicts(
                [.. incoming.Select(item => new JudgedPdu(item.EventId, PduVerdict.Dropped, "The server is denied by m.room.server_acl", []))]);
        if (others is not null && usesPolicy)
        {
            for (var i = 0; i < incoming.Length; i++)
            {
                if (incoming[i].Pdu is { } pdu)
                    incoming[i] = incoming[i] with { Pdu = await PolicySigning.SignAsync(activation, others, pdu) };
            }
        }

        var staging = remote.Stage && await activation.Services.Storage.StagedPdus.CountAsync(remote.Origin) < StagePdu.MaxOfOrigin ? remote.Origin.Value
            : null;

        // They take their turns in this order, and wait for durability together.
        var judging = incoming.Chunk(PerTurn).Select(some => activation.ChangeAsync<JudgedPdu[]>((room, unit) => JudgeAsync(room, unit, some, remote, staging)))
            .ToArray();
        var verdicts = ImmutableArray.CreateBuilder<JudgedPdu>(incoming.Length);
        foreach (var outcome in await Task.WhenAll(judging))
        {
            if (!outcome.Ok)
                return outcome.Error;
            verdicts.AddRange(outcome.Value);
        }

        foreach (var verdict in verdicts)
            GrainMetrics.Received(verdict.Verdict);
        return new PduVerdicts(verdicts.ToImmutable());
    }

    private static async ValueTask<Outcome<JudgedPdu[]>> JudgeAsync(ActiveRoom room, RoomUnit unit, IncomingPdu[] incoming, RemotePdus remote, string? staging)
    {
        var arrivals = await Arrivals.ReadAsync(room, [.. incoming.Where(item => item.Pdu is not null).Select(item => item.EventId)]);
        var verdicts = new JudgedPdu[incoming.Length];
        for (var i = 0; i < incoming.Length; i++)
        {
            verdicts[i] = incoming[i].Pdu is { } pdu
                ? StagePdu.Decide(room, unit, pdu,
                await ReceivePdu.RunAsync(room, unit, pdu, remote.StateBefore, distribute: false, remote.AtMissing, arrivals), staging)
                : new JudgedPdu(incoming[i].EventId, PduVerdict.Dropped, incoming[i].Fault, []);
        }

        return verdicts;
    }
}
