using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>
/// The power levels in force in a room's state, defaults filled in (C-S API, <c>m.room.power_levels</c>; S-S API, Definitions). Immutable:
/// parse once per state and keep.
/// </summary>
public sealed class PowerLevels
{
    /// <summary>The level of a creator in v12 and later: above every number.</summary>
    public const long Infinite = long.MaxValue;

    private const long LevelOfCreatorByDefault = 100;
    private const long DefaultNotificationLevel = 50;

    private readonly PowerLevelsContent? _content;
    private readonly string? _firstCreator;
    private readonly HashSet<string> _creators;

    private PowerLevels(PowerLevelsContent? content, string? firstCreator, HashSet<string> privilegedCreators)
    {
        _content = content;
        _firstCreator = firstCreator;
        _creators = privilegedCreators;
    }

    /// <summary>What the event in force says; null when the room has no <c>m.room.power_levels</c>.</summary>
    public PowerLevelsContent? Content => _content;

    /// <summary>The users with infinite power: none before v12.</summary>
    public IReadOnlySet<string> PrivilegedCreators => _creators;

    public long Invite => _content?.Invite ?? 0;

    public long Kick => _content?.Kick ?? 50;

    public long Ban => _content?.Ban ?? 50;

    public long Redact => _content?.Redact ?? 50;

    public long UsersDefault => _content?.UsersDefault ?? 0;

    public long EventsDefault => _content?.EventsDefault ?? 0;

    public long StateDefault => _content?.StateDefault ?? 50;

    /// <summary>The levels of a state with these two events; either may be missing.</summary>
    public static PowerLevels Of(RoomVersion version, Pdu? create, Pdu? powerLevels)
    {
        ArgumentNullException.ThrowIfNull(version);
        var content = powerLevels is null ? null : PowerLevelsContent.Parse(powerLevels.Content, version);
        return new PowerLevels(content, CreatorOf(version, create), PrivilegedCreatorsOf(version, create));
    }

    /// <summary>The user who made the room: <c>creator</c> of the content, from v11 the sender.</summary>
    public static string? CreatorOf(RoomVersion version, Pdu? create)
    {
        ArgumentNullException.ThrowIfNull(version);
        return create is null || version.CreatorIsSender ? create?.Sender : EventContent.String(create.Content, "creator");
    }

    /// <summary>True for a user with infinite power (v12 and later).</summary>
    public bool IsPrivilegedCreator(string userId) => _creators.Count > 0 && _creators.Contains(userId);

    /// <summary>A user's level.</summary>
    public long Of(string userId)
    {
        if (IsPrivilegedCreator(userId))
            return Infinite;
        if (_content is null)
            return userId == _firstCreator ? LevelOfCreatorByDefault : 0;
        return _content.Users.TryGetValue(userId, out var level) ? level : UsersDefault;
    }

    /// <summary>The level that sending an event of a type takes.</summary>
    public long Required(string type, bool isState) =>
        _content is not null && _content.Events.TryGetValue(type, out var level) ? level : isState ? StateDefault : EventsDefault;

    /// <summary>True when a member may send events of a type, as far as levels go.</summary>
    public bool MaySend(string userId, string type, bool isState) => Of(userId) >= Required(type, isState);

    /// <summary>The level that a kind of notification takes, such as <c>room</c> (C-S API, <c>sender_notification_permission</c>).</summary>
    public long RequiredForNotification(string key) =>
        _content is not null && _content.Notifications.TryGetValue(key, out var level) ? level : DefaultNotificationLevel;

    /// <summary>True when a user's mention of everyone, or another kind of notification, may notify.</summary>
    public bool MayNotify(string userId, string key) => Of(userId) >= RequiredForNotification(key);

    private static HashSet<string> PrivilegedCreatorsOf(RoomVersion version, Pdu? create)
    {
        var creators = new HashSet<string>(StringComparer.Ordinal);
        if (!version.PrivilegedCreators || create is null)
            return creators;
        creators.Add(create.Sender);
        if (!EventContent.TryGet(create.Content, "additional_creators", out var more) || more.ValueKind != JsonValueKind.Array)
            return creators;
        foreach (var creator in more.EnumerateArray())
        {
            if (creator.ValueKind == JsonValueKind.String)
                creators.Add(creator.GetString()!);
        }

        return creators;
    }
}
