using System.Collections.Frozen;
using System.Text.Json;
using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Protocol.Push;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>The parts of a user's account data that the server itself heeds.</summary>
public sealed class UserSettings(UserServices services, ChangeWatcher watcher)
{
    private const string IgnoredUserList = "m.ignored_user_list";
    private long _readAt = -1;

    /// <summary>Users whose messages and invites are not shown (C-S API, Ignoring Users).</summary>
    public FrozenSet<string> Ignored { get; private set; } = [];

    /// <summary>The user's push rules.</summary>
    public PushRuleset PushRules { get; private set; } = PushRuleset.Default(watcher.UserId);

    /// <summary>Brings the settings up to date.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        if (_readAt >= watcher.LastOwn(ChangeKind.AccountData))
            return;
        var position = services.Hub.Position;
        Ignored = await ReadIgnoredAsync(services.Storage, watcher.UserId, cancellationToken);
        PushRules = await UserPushRules.ReadAsync(services.Storage, watcher.UserId, cancellationToken);
        _readAt = position;
    }

    /// <summary>Reads the users that a user ignores.</summary>
    public static async ValueTask<FrozenSet<string>> ReadIgnoredAsync(IStorage storage, string userId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(storage);
        if (await storage.AccountData.GetAsync(userId, "", IgnoredUserList, cancellationToken) is not { } row ||
            !JsonBytes.TryParseObject(row.Json, out var list))
            return [];
        return list.TryGetProperty("ignored_users", out var users) && users.ValueKind == JsonValueKind.Object
            ? users.EnumerateObject().Select(m => m.Name).Where(id => id != userId).ToFrozenSet(StringComparer.Ordinal) : [];
    }
}
