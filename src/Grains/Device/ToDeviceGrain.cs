using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>
/// Delivers a sender's to-device messages: one unit for all recipients of a request, so that a batch is delivered once and as a whole. Inboxes are rows that
/// are added here, and taken away by their user's grain once a device has them.
/// </summary>
[GrainType("todevice")]
public sealed class ToDeviceGrain(IStorage storage, InboxTrimmer inboxes, LocalServer server, TimeProvider time, IRandom random) : Grain, IToDeviceGrain
{
    private const string TransactionScope = "to_device";
    private const string MessageScope = "m.direct_to_device";
    private const int MaxRecipients = 1000;

    private string UserId => this.GetPrimaryKeyString();

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public async Task<Outcome<Nothing>> Send(string deviceId, string eventType, string transactionId, ReadOnlyMemory<byte> body)
    {
        using var document = JsonBytes.ParseObject(body, out var error);
        if (document is null)
            return error!;
        if (!document.RootElement.TryGetProperty("messages"u8, out var messages) || messages.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("messages is not an object");
        if (await storage.Events.FindTransactionAsync(UserId, deviceId, TransactionScope, transactionId) is not null)
            return Nothing.Value;

        var unit = new WriteUnit();
        var batch = new ToDeviceBatch(storage, UserId, eventType);
        if (await AddMessagesAsync(unit, batch, messages) is { } refused)
            return refused;
        storage.Events.AddTransaction(unit, UserId, deviceId, TransactionScope, transactionId, "", Now);
        await CommitOnceAsync(unit, batch);
        return Nothing.Value;
    }

    public async Task Receive(string eventType, string messageId, ReadOnlyMemory<byte> messages)
    {
        // "message_id: Unique ID for the message, used for idempotence."
        using var document = JsonBytes.ParseObject(messages, out _);
        if (document is null || await storage.Events.FindTransactionAsync(UserId, "", MessageScope, messageId) is not null)
            return;
        var unit = new WriteUnit();
        var batch = new ToDeviceBatch(storage, UserId, eventType);
        foreach (var user in document.RootElement.EnumerateObject().Take(MaxRecipients))
        {
            // What cannot be delivered must not make the sender try again for ever.
            if (server.IsLocalUser(user.Name) && user.Value.ValueKind == JsonValueKind.Object &&
                await batch.AddLocalAsync(unit, user.Name, user.Value) is not null)
                return;
        }

        storage.Events.AddTransaction(unit, UserId, "", MessageScope, messageId, "", Now);
        await CommitOnceAsync(unit, batch);
    }

    /// <summary>The transaction's row is unique, which stands for a fence: rows of inboxes are only added here, at positions of their own.</summary>
    private async Task CommitOnceAsync(WriteUnit unit, ToDeviceBatch batch)
    {
        try
        {
            await storage.CommitAsync(unit);
            await inboxes.AddedAsync(batch.Rows);
        }
        catch (ConflictException)
        {
            // The same went through elsewhere.
        }
    }

    private async Task<MatrixError?> AddMessagesAsync(WriteUnit unit, ToDeviceBatch batch, JsonElement messages)
    {
        var remote = new Dictionary<string, List<JsonProperty>>(StringComparer.Ordinal);
        foreach (var recipient in messages.EnumerateObject())
        {
            if (!Protocol.Identifiers.UserId.TryParse(recipient.Name, out var user))
                return MatrixError.InvalidParam("messages has a key that is not a user id");
            if (recipient.Value.ValueKind != JsonValueKind.Object)
                return MatrixError.BadJson("messages has a value that is not an object");
            if (user.Domain.SequenceEqual(server.Name.Value))
            {
                if (await batch.AddLocalAsync(unit, recipient.Name, recipient.Value) is { } error)
                    return error;
                continue;
            }

            var destination = user.Domain.ToString();
            if (!remote.TryGetValue(destination, out var users))
                remote[destination] = users = [];
            users.Add(recipient);
        }

        foreach (var (destination, users) in remote)
            batch.AddRemote(unit, destination, RandomText.Base62(random, 24), users);
        return null;
    }
}
