using System.Text.Json;
using OrleansMatrix.Protocol.Push;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>
/// Gives a user in a room's replacement what the user had set for the room: tags, push rules, and that it is a direct chat (C-S API, Room upgrades, Server
/// behaviour: "the server should automatically transfer/replicate some of the user's personalized settings").
/// </summary>
internal static class FollowUpgrade
{
    private const string Tag = "m.tag";
    private const string Direct = "m.direct";

    public static async ValueTask RunAsync(IStorage storage, UserAccountData accountData, string userId, string from, string to) =>
        await accountData.ChangeAsync(async unit =>
    {
        if (await storage.AccountData.GetAsync(userId, from, Tag) is { } tags && await storage.AccountData.GetAsync(userId, to, Tag) is null)
            accountData.Put(unit, to, Tag, tags.Json);
        if (await storage.AccountData.GetAsync(userId, "", Direct) is { } direct && JsonBytes.TryParseObject(direct.Json, out var chats) &&
            AddChat(chats, from, to) is { } json)
            accountData.Put(unit, "", Direct, json);
        var rules = await UserPushRules.ReadAsync(storage, userId);
        var copied = rules.CopyRoom(from, to);
        if (!ReferenceEquals(copied, rules))
            accountData.Put(unit, "", UserAccountData.PushRules, PooledJson.Build(copied.WriteTo));
        return true;
    });

    /// <summary>The direct chats with the new room wherever the old one is; null if it is nowhere.</summary>
    private static ReadOnlyMemory<byte>? AddChat(JsonElement chats, string from, string to)
    {
        var isFound = false;
        var json = JsonBytes.Object(writer =>
        {
            foreach (var user in chats.EnumerateObject())
            {
                if (!Names(user.Value, from) || Names(user.Value, to))
                {
                    user.WriteTo(writer);
                    continue;
                }

                isFound = true;
                writer.WriteStartArray(user.Name);
                foreach (var room in user.Value.EnumerateArray())
                    room.WriteTo(writer);
                writer.WriteStringValue(to);
                writer.WriteEndArray();
            }
        });
        // Not "json : null", which is empty JSON: null has a conversion of its own to the type of json.
        return isFound ? json : default(ReadOnlyMemory<byte>?);
    }

    private static bool Names(JsonElement rooms, string roomId) =>
        rooms.ValueKind == JsonValueKind.Array && rooms.EnumerateArray().Any(r => r.ValueKind == JsonValueKind.String && r.ValueEquals(roomId));
}
