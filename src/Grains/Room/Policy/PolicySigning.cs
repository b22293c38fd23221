using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Policy;

namespace OrleansMatrix.Grains.Room.Policy;

/// <summary>
/// S-S API, Policy Servers: events of a room that uses one carry its signature. It is asked outside of the room's turn: a local event that needs a signature
/// ends its change with <see cref="PolicySignatureWanted"/>, and the change runs again once it is there.
/// </summary>
internal static class PolicySigning
{
    /// <summary>Signatures that one call asks for.</summary>
    private const int MaxAsked = 5;

    /// <summary>Runs a call, and again after each signature that it needs.</summary>
    /// <param name="activation">The room.</param>
    /// <param name="remote">The other servers.</param>
    /// <param name="call">The call.</param>
    /// <param name="first">What its first run came to, if it has run already.</param>
    public static async Task<Outcome<string>> RunAsync(
        RoomActivation activation, IRemoteRooms remote, Func<RoomActivation, Task<Outcome<string>>> call, Outcome<string>? first = null)
    {
        for (var asked = 0; ; asked++)
        {
            var outcome = first ?? await call(activation);
            first = null;
            if (outcome.Error is not PolicySignatureWanted wanted)
                return outcome;
            if (asked == MaxAsked)
                return MatrixError.Forbidden("The room's policy server was asked too often");
            if (await AskAsync(activation, remote, wanted.EventId) is { } refused)
                return refused;
        }
    }

    /// <summary>
    /// A local event that may be sent: itself where no policy server is used, or what was signed for the draft; else <see cref="PolicySignatureWanted"/>.
    /// </summary>
    public static async ValueTask<Outcome<(Pdu Pdu, StateView Before)>> PassAsync(ActiveRoom room, EventDraft draft, Pdu built, StateView before)
    {
        if (draft.IsTrial || await room.FindPolicyAsync() is not { } policy || !RoomPolicyServer.MustBeSigned(built))
            return (built, before);
        if (policy.Via == room.Services.Server.Name.Value)
            return SignHere(room.Services, policy, room.RoomId, built).TryGet(out var own, out var refused) ? (own, before) : refused;
        if (room.PolicySignatures.Find(draft) is { } signed && policy.Recommends(signed) && await room.Events.GetAsync(signed.EventId) is null &&
            await FindStateBefore.RunAsync(room, signed, default) is { State: { } root })
        {
            // Since it was signed the room may have moved on: it stands beside what came then.
            var view = room.View(root);
            if (await CheckState.FindFaultAsync(room, signed, view) is null && await CheckState.FindFaultAsync(room, signed, room.Current) is null)
            {
                await view.LoadAsync([.. AuthTypes.For(room.Version, signed)]);
                return (signed, view);
            }
        }

        room.PolicySignatures.Want(draft, built);
        return new PolicySignatureWanted(built.EventId);
    }

    /// <summary>An event from elsewhere, with the policy server's signature if it was missing and can be had.</summary>
    public static async Task<Pdu> SignAsync(RoomActivation activation, IRemoteRooms remote, Pdu pdu)
    {
        var policy = await activation.ReadAsync(async room =>
            room is not null && await room.FindPolicyAsync() is { } used && !used.Recommends(pdu) && await room.Events.GetAsync(pdu.EventId) is null ? used
                : null);
        if (policy is null)
            return pdu;
        var answer = policy.Via == activation.Services.Server.Name.Value
            ? SignHere(activation.Services, policy, activation.RoomId, pdu)
            : await AskAsync(activation, remote, policy, pdu);
        return answer.TryGet(out var signed, out _) ? signed : pdu;
    }

    private static Outcome<Pdu> SignHere(RoomServices services, RoomPolicyServer policy, string roomId, Pdu pdu) => services.PolicyServer is { } own
        ? own.Sign(policy, roomId, pdu) : MatrixError.Forbidden("The room's policy server is this server, which is none");

    private static async Task<MatrixError?> AskAsync(RoomActivation activation, IRemoteRooms remote, string eventId)
    {
        var (pdu, policy) = await activation.ReadAsync(
            async room => (room?.PolicySignatures.FindWanted(eventId), room is null ? null : await room.FindPolicyAsync()));
        if (pdu is null || policy is null)
            return null;
        if (!(await AskAsync(activation, remote, policy, pdu)).TryGet(out var signed, out var error))
            return error;
        return await activation.ReadAsync(room =>
        {
            room?.PolicySignatures.Put(signed);
            return ValueTask.FromResult<MatrixError?>(null);
        });
    }

    private static async Task<Outcome<Pdu>> AskAsync(RoomActivation activation, IRemoteRooms remote, RoomPolicyServer policy, Pdu pdu)
    {
        var answer = await remote.AskPolicyServerAsync(policy.Via, pdu);
        if (answer.Error is { } refused)
            return refused;
        if (!Pdu.Parse(answer.Value, pdu.RoomVersion).TryGet(out var signed, out var malformed))
            return malformed;
        return signed.EventId == pdu.EventId && policy.Recommends(signed) ? signed
            : MatrixError.Forbidden("The signature of the room's policy server is not valid");
    }
}
