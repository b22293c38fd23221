using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.User.Sync;
using OrleansMatrix.Grains.User.Unread;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>A local user's receipts and fully-read markers.</summary>
public sealed class UserReceipts(UserServices services, UserAccountData accountData, string userId)
{
    private readonly ReceiptWriter _writer = new(services.Storage);

    public async ValueTask<Outcome<Nothing>> SetAsync(ReceiptToSet receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        if (receipt.Type is not (EphemeralEvents.Read or EphemeralEvents.ReadPrivate or UserAccountData.FullyRead))
            return MatrixError.InvalidParam("Not a type of receipt");
        if (receipt.ThreadId is not null && (receipt.Type == UserAccountData.FullyRead || !(receipt.ThreadId == "main" || receipt.ThreadId.StartsWith('$'))))
            return MatrixError.InvalidParam("Not a thread that such a receipt can be of");
        if (!await IsJoinedAsync(receipt.RoomId))
            return MatrixError.Forbidden("You are not in this room");
        if (receipt.ThreadId is { } thread && !await IsInThreadAsync(receipt.RoomId, receipt.EventId, thread))
            return MatrixError.InvalidParam("The event is not in that thread");
        return await accountData.ChangeAsync<Outcome<Nothing>>(async unit =>
        {
            if (receipt.Type == UserAccountData.FullyRead)
                PutFullyRead(unit, receipt.RoomId, receipt.EventId);
            else
                await PutAsync(unit, receipt.RoomId, receipt.Type, receipt.ThreadId ?? "", receipt.EventId);
            return Nothing.Value;
        });
    }

    public async ValueTask<Outcome<Nothing>> SetAsync(ReadMarkersToSet markers)
    {
        ArgumentNullException.ThrowIfNull(markers);
        if (!await IsJoinedAsync(markers.RoomId))
            return MatrixError.Forbidden("You are not in this room");
        return await accountData.ChangeAsync<Outcome<Nothing>>(async unit =>
        {
            if (markers.FullyRead is { } fullyRead)
                PutFullyRead(unit, markers.RoomId, fullyRead);
            if (markers.Read is { } read)
                await PutAsync(unit, markers.RoomId, EphemeralEvents.Read, "", read);
            if (markers.ReadPrivate is { } readPrivate)
                await PutAsync(unit, markers.RoomId, EphemeralEvents.ReadPrivate, "", readPrivate);
            return Nothing.Value;
        });
    }

    /// <summary>Takes receipts that the user's own server tells of.</summary>
    public async ValueTask ReceiveAsync(IReadOnlyList<ReceivedReceipt> receipts) => await accountData.ChangeAsync(async unit =>
    {
        foreach (var receipt in receipts)
        {
            if (await IsJoinedAsync(receipt.RoomId))
                await _writer.PutAsync(
                    unit, receipt.RoomId, userId, EphemeralEvents.Read, receipt.ThreadId, receipt.EventId, receipt.Timestamp, isLocal: false);
        }

        return true;
    });

    private async ValueTask<bool> IsJoinedAsync(string roomId) =>
        await services.Storage.Memberships.GetAsync(roomId, userId) is { Membership: Membership.Join };

    // An event that is not here sets no receipt, whatever its thread.
    private async ValueTask<bool> IsInThreadAsync(string roomId, string eventId, string thread) =>
        await RoomView.OpenAsync(services.Read, roomId) is not { } room || await room.FindAsync(eventId) is not { } row ||
        (await EventThread.OfAsync(room, row)).MayBeReadIn(thread);

    private async ValueTask PutAsync(WriteUnit unit, string roomId, string type, string threadId, string eventId) =>
        await _writer.PutAsync(unit, roomId, userId, type, threadId, eventId, services.Read.Now, isLocal: true);

    private void PutFullyRead(WriteUnit unit, string roomId, string eventId) =>
        accountData.Put(unit, roomId, UserAccountData.FullyRead, PooledJson.Build(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("event_id"u8, eventId);
        writer.WriteEndObject();
    }));
}
