using System.Runtime.InteropServices;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Takes ephemeral data of another server, each about its own users only (S-S API, EDUs). What is malformed or of an unknown type is passed over.
/// </summary>
internal sealed class InboundEdus(RemoteServerServices services, IGrainFactory grains, ServerName origin)
{
    private const int MaxItems = 1000;
    private const int MaxBytes = 2 * 1024 * 1024;
    private const int MaxIdLength = 255;
    private const int MaxStatusLength = 2000;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private bool _hasWaited;

    private IStorage Storage => services.Storage;

    public async Task RunAsync(IReadOnlyList<JsonElement> edus)
    {
        foreach (var edu in edus)
        {
            if (ContentOf(edu) is not { } content || JsonMarshal.GetRawUtf8Value(edu).Length > MaxBytes)
                continue;
            var type = JsonBytes.StringMember(edu, "edu_type");
            if (JsonText.FindFault(JsonMarshal.GetRawUtf8Value(content)) is { } fault)
            {
                RemoteServerLog.EduDropped(services.Logger, origin, type ?? "", fault.Message);
                continue;
            }

            switch (type)
            {
                case "m.typing":
                    await TypingAsync(content);
                    break;
                case "m.receipt":
                    await ReceiptsAsync(content);
                    break;
                case "m.direct_to_device":
                    await ToDeviceAsync(content);
                    break;
                case "m.presence":
                    await PresenceAsync(content);
                    break;
                case "m.device_list_update":
                    await DevicesChangedAsync(content, (devices, json) => devices.Update(json));
                    break;
                case "m.signing_key_update":
                    await DevicesChangedAsync(content, (devices, json) => devices.UpdateCrossSigning(json));
                    break;
            }
        }
    }

    private static JsonElement? ContentOf(JsonElement edu) =>
        edu.ValueKind == JsonValueKind.Object && edu.TryGetProperty("content"u8, out var content) && content.ValueKind == JsonValueKind.Object ? content : null;

    private bool IsOfOrigin(string? userId) => UserId.TryParse(userId, out var user) && user.Domain.SequenceEqual(origin.Value);

    private async Task TypingAsync(JsonElement content)
    {
        if (JsonBytes.StringMember(content, "room_id") is { } roomId && RoomId.IsValid(roomId) && JsonBytes.StringMember(content, "user_id") is { } userId &&
            IsOfOrigin(userId) &&
            content.TryGetProperty("typing"u8, out var typing) && typing.ValueKind is JsonValueKind.True or JsonValueKind.False)
            await grains.GetGrain<IRoomGrain>(roomId).ReceiveTyping(origin, UserId.Parse(userId), typing.GetBoolean());
    }

    private async Task ReceiptsAsync(JsonElement content)
    {
        var byUser = new Dictionary<string, List<ReceivedReceipt>>(StringComparer.Ordinal);
        var left = MaxItems;
        foreach (var room in content.EnumerateObject())
        {
            if (left <= 0)
                break;
            left--;

            // S-S API, Server ACLs: "all receipts for a particular room ID MUST be ignored if the sending server is denied access".
            if (room.Value.ValueKind != JsonValueKind.Object || !room.Value.TryGetProperty("m.read"u8, out var read) ||
                read.ValueKind != JsonValueKind.Object ||
                !RoomId.IsValid(room.Name) || !await grains.GetGrain<IServerReaderGrain>(room.Name).MayTakePart(origin))
                continue;
            foreach (var user in read.EnumerateObject().Take(left))
            {
                left--;
                if (!IsOfOrigin(user.Name) || user.Value.ValueKind != JsonValueKind.Object || ReceiptOf(room.Name, user.Value) is not { } receipt)
                    continue;
                if (!byUser.TryGetValue(user.Name, out var receipts))
                    byUser.Add(user.Name, receipts = []);
                receipts.Add(receipt);
            }
        }

        await Task.WhenAll(byUser.Select(u => grains.GetGrain<IUserGrain>(u.Key).ReceiveReceipts([.. u.Value])));
    }

    private ReceivedReceipt? ReceiptOf(string roomId, JsonElement json)
    {
        if (!json.TryGetProperty("event_ids"u8, out var ids) || ids.ValueKind != JsonValueKind.Array)
            return null;
        var data = json.TryGetProperty("data"u8, out var given) && given.ValueKind == JsonValueKind.Object ? given : default;
        var isObject = data.ValueKind == JsonValueKind.Object;
        var threadId = isObject ? JsonBytes.StringMember(data, "thread_id") ?? "" : "";
        if (threadId.Length > MaxIdLength || !(threadId is "" or "main" || threadId.StartsWith('$')))
            return null;
        var timestamp = isObject && data.TryGetProperty("ts"u8, out var ts) && JsonBytes.TryGetInteger(ts, out var value) ? value : services.Now;

        // "The extremity event IDs that the user has read up to": a list with one member.
        return ids.EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.String } id
            ? new ReceivedReceipt(roomId, threadId, id.GetString()!, timestamp) : null;
    }

    private async Task ToDeviceAsync(JsonElement content)
    {
        if (JsonBytes.StringMember(content, "sender") is { } sender && IsOfOrigin(sender) &&
            JsonBytes.StringMember(content, "type") is { Length: <= MaxIdLength } type &&
            JsonBytes.StringMember(content, "message_id") is { Length: <= MaxIdLength } messageId &&
            content.TryGetProperty("messages"u8, out var messages) && messages.ValueKind == JsonValueKind.Object)
            await grains.GetGrain<IToDeviceGrain>(sender).Receive(type, messageId, JsonBytes.Raw(messages));
    }

    private async Task PresenceAsync(JsonElement content)
    {
        if (!content.TryGetProperty("push"u8, out var push) || push.ValueKind != JsonValueKind.Array)
            return;
        foreach (var item in push.EnumerateArray().Take(MaxItems).Where(i => i.ValueKind == JsonValueKind.Object))
        {
            // Of users whom nobody here can see nothing is kept.
            if (JsonBytes.StringMember(item, "user_id") is not { } userId || !IsOfOrigin(userId) ||
                JsonBytes.StringMember(item, "presence") is not ("online" or "unavailable" or "offline") ||
                !await IsSeenAsync(userId))
                continue;
            var ago = item.TryGetProperty("last_active_ago"u8, out var value) && JsonBytes.TryGetInteger(value, out var milliseconds)
                ? Math.Max(0, milliseconds) : 0;
            var isActive = item.TryGetProperty("currently_active"u8, out var active) && active.ValueKind == JsonValueKind.True;
            var status = JsonBytes.StringMember(item, "status_msg") is { Length: > MaxStatusLength } longer ? longer[..MaxStatusLength]
                : JsonBytes.StringMember(item, "status_msg");
            await grains.GetGrain<IPresenceGrain>(userId)
                .Receive(new ReceivedPresence(JsonBytes.StringMember(item, "presence")!, status, services.Now - ago, isActive));
        }
    }

    private async ValueTask<bool> IsSeenAsync(string userId)
    {
        if (await Storage.Memberships.SharesRoomAsync(userId, services.Server.Name.Value))
            return true;
        if (_hasWaited || services.Joins.EndAsync(origin) is not { IsCompleted: false } joins)
            return false;

        // Its answer to a join may still be on the way.
        _hasWaited = true;
        await joins.WaitAsync(s_patience, services.Time)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return await Storage.Memberships.SharesRoomAsync(userId, services.Server.Name.Value);
    }

    private async Task DevicesChangedAsync(JsonElement content, Func<IRemoteDevicesGrain, ReadOnlyMemory<byte>, Task> update)
    {
        if (JsonBytes.StringMember(content, "user_id") is { } userId && IsOfOrigin(userId))
            await update(grains.GetGrain<IRemoteDevicesGrain>(userId), JsonBytes.Raw(content));
    }
}
