using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>Sends to-device messages: one unit for all recipients of a request, so that a batch is delivered once and as a whole.</summary>
[GrainType("todevice")]
public sealed class ToDeviceGrain(IStorage storage, MatrixSettings settings, TimeProvider time, IRandom random) : Grain, IToDeviceGrain
{
    private const string TransactionScope = "to_device";

    private string UserId => this.GetPrimaryKeyString();

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
        if (await AddMessagesAsync(unit, eventType, messages) is { } refused)
            return refused;
        storage.Events.AddTransaction(unit, UserId, deviceId, TransactionScope, transactionId, "", time.GetUtcNow().ToUnixTimeMilliseconds());
        try
        {
            await storage.CommitAsync(unit);
        }
        catch (ConflictException)
        {
            // The same transaction went through elsewhere.
        }

        return Nothing.Value;
    }

    private async Task<MatrixError?> AddMessagesAsync(WriteUnit unit, string eventType, JsonElement messages)
    {
        var batch = new ToDeviceBatch(storage, UserId, eventType);
        var remote = new Dictionary<string, List<JsonProperty>>(StringComparer.Ordinal);
        foreach (var recipient in messages.EnumerateObject())
        {
            if (!Protocol.Identifiers.UserId.TryParse(recipient.Name, out var user))
                return MatrixError.InvalidParam("messages has a key that is not a user id");
            if (recipient.Value.ValueKind != JsonValueKind.Object)
                return MatrixError.BadJson("messages has a value that is not an object");
            if (user.Domain.SequenceEqual(settings.ServerName.Value))
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
