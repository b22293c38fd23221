using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Sending;

/// <summary><c>PUT /rooms/{roomId}/redact/{eventId}/{txnId}</c>.</summary>
internal static class RedactEvent
{
    public static Task<Outcome<string>> RunAsync(RoomActivation activation, EventToRedact redaction)
    {
        if (redaction.TransactionId is not { } transactionId)
            return SendAsync(activation, redaction, null);
        var requester = redaction.Requester;
        var key = new TransactionKey(requester.UserId, requester.DeviceId, $"{activation.RoomId}/redact/{redaction.EventId}", transactionId);
        return activation.Transactions.OnceAsync(key, () => SendAsync(activation, redaction, key));
    }

    private static Task<Outcome<string>> SendAsync(RoomActivation activation, EventToRedact redaction, TransactionKey? transaction) =>
        activation.ChangeAsync<string>(async (room, unit) =>
        {
            var sender = redaction.Requester.UserId;
            var target = await room.Events.GetAsync(redaction.EventId);
            if (target is null && await room.Events.IsOfAnotherRoomAsync(redaction.EventId))
                return MatrixError.InvalidParam("The event is in another room");
            // C-S API, Account suspension: what one said oneself may still be redacted.
            if (redaction.Requester.Suspended && target?.Pdu.Sender != sender)
                return MatrixError.UserSuspended();

            var draft = new EventDraft(sender, EventTypes.Redaction, null, redaction.Content ?? JsonBytes.Empty) { Redacts = redaction.EventId };
            var built = await BuildLocalEvent.RunAsync(room, draft);
            if (!built.TryGet(out var local, out var error))
                return error;
            // It may come yet, and other servers may have it: who may redact it is decided where and when it is known.
            if (target is not null && !MayRedact(room, redaction.Requester, target.Pdu, local.Before.PowerLevels))
                return MatrixError.Forbidden("You may not redact other users' events");
            await unit.AppendAsync(local.Pdu, local.Before, SendMessage.Origin(transaction), distribute: true);
            if (transaction is { } key)
                SendMessage.Record(unit, room, key, local.Pdu.EventId);
            return local.Pdu.EventId;
        });

    // The rule for events lets servers redact what their own users said; of their users that is left to administrators.
    private static bool MayRedact(ActiveRoom room, Requester requester, Pdu target, PowerLevels levels) =>
        target.Sender == requester.UserId || levels.Of(requester.UserId) >= levels.Redact ||
        (requester.IsAdmin && room.Services.Server.IsLocalUser(target.Sender));
}
