using System.Text.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The content of <c>m.room.power_levels</c> as it stands: what is absent is null. Values that are no levels are left out.</summary>
public sealed class PowerLevelsContent
{
    /// <summary>The properties with one level each, in the order of the rule that compares them.</summary>
    internal static readonly string[] NumberNames = ["users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"];

    private readonly long?[] _numbers = new long?[NumberNames.Length];

    private PowerLevelsContent()
    {
    }

    public long? UsersDefault => _numbers[0];

    public long? EventsDefault => _numbers[1];

    public long? StateDefault => _numbers[2];

    public long? Ban => _numbers[3];

    public long? Redact => _numbers[4];

    public long? Kick => _numbers[5];

    public long? Invite => _numbers[6];

    public Dictionary<string, long> Users { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, long> Events { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, long> Notifications { get; } = new(StringComparer.Ordinal);

    /// <summary>Every property with one level is absent or a level.</summary>
    public bool NumbersAreValid { get; private set; } = true;

    /// <summary><c>events</c> is absent or an object of levels.</summary>
    public bool EventsAreValid { get; private set; } = true;

    /// <summary><c>notifications</c> is absent or an object of levels.</summary>
    public bool NotificationsAreValid { get; private set; } = true;

    /// <summary><c>users</c> is absent or an object of levels.</summary>
    public bool UsersAreValid { get; private set; } = true;

    internal ReadOnlySpan<long?> Numbers => _numbers;

    /// <summary>Parses a content, whatever it is.</summary>
    public static PowerLevelsContent Parse(JsonElement content, RoomVersion version)
    {
        var parsed = new PowerLevelsContent();
        if (content.ValueKind != JsonValueKind.Object)
            return parsed;
        for (var i = 0; i < NumberNames.Length; i++)
        {
            if (!content.TryGetProperty(NumberNames[i], out var number))
                continue;
            if (PowerLevelNumber.TryRead(number, version, out var level))
                parsed._numbers[i] = level;
            else
                parsed.NumbersAreValid = false;
        }

        parsed.UsersAreValid = ReadMap(content, "users", version, parsed.Users);
        parsed.EventsAreValid = ReadMap(content, "events", version, parsed.Events);
        parsed.NotificationsAreValid = ReadMap(content, "notifications", version, parsed.Notifications);
        return parsed;
    }

    private static bool ReadMap(JsonElement content, string name, RoomVersion version, Dictionary<string, long> into)
    {
        if (!content.TryGetProperty(name, out var map))
            return true;
        if (map.ValueKind != JsonValueKind.Object)
            return false;
        var valid = true;
        foreach (var member in map.EnumerateObject())
        {
            if (PowerLevelNumber.TryRead(member.Value, version, out var level))
                into[member.Name] = level;
            else
                valid = false;
        }

        return valid;
    }
}
