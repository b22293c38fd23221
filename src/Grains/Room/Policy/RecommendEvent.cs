using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Policy;

namespace OrleansMatrix.Grains.Room.Policy;

/// <summary>POST /sign of the policy server API: signs an event of a room that uses this server as its policy server.</summary>
internal static class RecommendEvent
{
    private static readonly MatrixError s_notProtected = MatrixError.NotFound("The room does not use this server as its policy server");

    public static async Task<Outcome<string>> RunAsync(RoomActivation activation, EventToRecommend request)
    {
        if (activation.Services.PolicyServer is not { } own || activation.Room is not { Version: var version })
            return s_notProtected;
        var (policy, isAllowed) = await activation.ReadAsync(
            async room => (room is null ? null : await room.FindPolicyAsync(), room is not null && await room.AllowsServerAsync(request.Origin)));
        if (policy is null || policy.Via != activation.Services.Server.Name.Value)
            return s_notProtected;
        if (!isAllowed)
            return MatrixError.Forbidden("The server is denied by m.room.server_acl");
        if (!Pdu.Parse(request.Event, version).TryGet(out var pdu, out var malformed))
            return malformed;
        if (!RoomPolicyServer.MustBeSigned(pdu))
            return MatrixError.InvalidParam("m.room.policy needs no signature of a policy server");

        // The signature stands for the content that the hash names: it has to be the one that is judged.
        if (!EventHashes.HasValidContentHash(pdu))
            return MatrixError.BadJson("The event's content is not that of its hash");
        if ((await VerifyPdu.RunAsync(activation.Services.Keys, pdu)) is not { Fault: null, Pdu: { } verified })
            return new MatrixError(ErrCodes.Forbidden, 400, "The event is not signed as it has to be");
        if (!own.Sign(policy, activation.RoomId, verified).TryGet(out var signed, out var refused))
            return refused;
        return signed.GetSignatures().Find(s => s.Server == activation.Services.Server.Name.Value && s.KeyId == RoomPolicyServer.KeyId).Signature;
    }
}
