using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Sending;

/// <summary><c>PUT /rooms/{roomId}/send/{eventType}/{txnId}</c>.</summary>
internal static class SendMessage
{
    public static Task<Outcome<string>> RunAsync(RoomActivation activation, EventToSend message)
    {
        if (message.Type == EventTypes.Redaction)
            return RedactAsync(activation, message);
        var draft = new EventDraft(message.Requester.UserId, message.Type, null, message.Content) { Timestamp = message.Timestamp };
        if (message.TransactionId is not { } transactionId)
            return SendAsync(activation, draft, null);
        var key = new TransactionKey(message.Requester.UserId, message.Requester.DeviceId, $"{activation.RoomId}/send/{message.Type}", transactionId);
        return activation.Transactions.OnceAsync(key, () => SendAsync(activation, draft, key));
    }

    // The effect must be the same as by the redaction endpoint.
    private static async Task<Outcome<string>> RedactAsync(RoomActivation activation, EventToSend message)
    {
        if (!JsonBytes.TryParseObject(message.Content, out var content) || JsonBytes.StringMember(content, "redacts") is not { } target)
            return MatrixError.BadJson("A redaction needs 'redacts'");
        var redaction = new EventToRedact(message.Requester, target, message.Content, message.TransactionId);
        return await RedactEvent.RunAsync(activation, redaction);
    }

    /// <summary>Sends one event that is not a membership change.</summary>
    public static Task<Outcome<string>> SendAsync(RoomActivation activation, EventDraft draft, TransactionKey? transaction) =>
        activation.ChangeAsync<string>(async (room, unit) =>
        {
            var built = await BuildLocalEvent.RunAsync(room, draft);
            if (!built.TryGet(out var local, out var error))
                return error;
            if (await CheckRelation.FindFaultAsync(room, local.Pdu) is { } fault)
                return await FindFirstAsync(room, transaction) is { } first ? first : fault;
            await unit.AppendAsync(local.Pdu, local.Before, Origin(transaction), distribute: true);
            if (transaction is { } key)
                Record(unit, room, key, local.Pdu.EventId);
            GrainMetrics.Sent();
            return local.Pdu.EventId;
        });

    // A transaction that this activation does not know would be refused for the event that it made.
    private static async ValueTask<string?> FindFirstAsync(ActiveRoom room, TransactionKey? transaction) => transaction is { } key
        ? await room.Services.Storage.Events.FindTransactionAsync(key.UserId, key.DeviceId, key.Scope, key.TransactionId) : null;

    /// <summary>Records in the same commit that the transaction made the event.</summary>
    public static void Record(RoomUnit unit, ActiveRoom room, TransactionKey key, string eventId) =>
        room.Services.Storage.Events.AddTransaction(unit.Unit, key.UserId, key.DeviceId, key.Scope, key.TransactionId, eventId, room.Services.Now);

    public static EventOrigin Origin(TransactionKey? transaction) =>
        transaction is { } key ? new EventOrigin(key.DeviceId, key.TransactionId) : EventOrigin.None;
}
