using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The rule for <c>m.room.power_levels</c> (v1, rule 10; v10, rule 9; v12, rule 10).</summary>
internal static class PowerLevelRules
{
    public static AuthResult Check(RoomVersion version, Pdu pdu, Pdu create, PowerLevels current)
    {
        var next = PowerLevelsContent.Parse(pdu.Content, version);
        if (version.IntegerPowerLevels && CheckShape(next) is { } fault)
            return AuthResult.Reject(version, fault);
        if (!next.UsersAreValid || !next.Users.Keys.All(id => UserId.IsValid(id)))
            return AuthResult.Reject(version, AuthRule.PowerLevelsUsers);
        if (next.Users.Keys.Any(current.IsPrivilegedCreator))
            return AuthResult.Reject(version, AuthRule.PowerLevelsNameCreator);
        if (current.Content is not { } before)
            return AuthResult.Allow(version, AuthRule.PowerLevelsFirst);
        var level = current.Of(pdu.Sender);
        return !IsComparable(version, next) ? AuthResult.Reject(version, AuthRule.PowerLevelsUsers)
            : CheckNumbers(before, next, level) is { } number ? AuthResult.Reject(version, number)
            : CheckEvents(version, before, next, level) is { } entry ? AuthResult.Reject(version, entry)
            : CheckUsers(before.Users, next.Users, level, pdu.Sender) is { } user ? AuthResult.Reject(version, user)
            : AuthResult.Allow(version, AuthRule.PowerLevelsAllowed);
    }

    // v10, rules 9.1 and 9.2.
    private static AuthRule? CheckShape(PowerLevelsContent next) =>
        !next.NumbersAreValid ? AuthRule.PowerLevelsNumbers
        : !next.EventsAreValid || !next.NotificationsAreValid ? AuthRule.PowerLevelsMaps
        : null;

    // Before v10 only users has a rule of its own, but the rules after the first power levels cannot compare what is no level
    // ("m.room.power_levels events accept values as floats": such an event is rejected).
    private static bool IsComparable(RoomVersion version, PowerLevelsContent next) =>
        next.NumbersAreValid && next.EventsAreValid && (next.NotificationsAreValid || !version.LimitNotificationsPowerLevels);

    // v1, rule 10.3.
    private static AuthRule? CheckNumbers(PowerLevelsContent before, PowerLevelsContent next, long level)
    {
        for (var i = 0; i < PowerLevelsContent.NumberNames.Length; i++)
        {
            var (old, @new) = (before.Numbers[i], next.Numbers[i]);
            if (old == @new)
                continue;
            if (old > level)
                return AuthRule.PowerLevelsAlteredFromAbove;
            if (@new > level)
                return AuthRule.PowerLevelsAlteredToAbove;
        }

        return null;
    }

    // v1, rules 10.4 and 10.5; from v6 for notifications too.
    private static AuthRule? CheckEvents(RoomVersion version, PowerLevelsContent before, PowerLevelsContent next, long level)
    {
        if (AnyFromAbove(before.Events, next.Events, level) ||
            (version.LimitNotificationsPowerLevels && AnyFromAbove(before.Notifications, next.Notifications, level)))
            return AuthRule.PowerLevelsEventFromAbove;
        return AnyToAbove(before.Events, next.Events, level) ||
            (version.LimitNotificationsPowerLevels && AnyToAbove(before.Notifications, next.Notifications, level))
            ? AuthRule.PowerLevelsEventToAbove
            : null;
    }

    // v1, rules 10.6 and 10.7.
    private static AuthRule? CheckUsers(Dictionary<string, long> before, Dictionary<string, long> next, long level, string sender)
    {
        foreach (var (user, old) in before)
        {
            if (user != sender && old >= level && !(next.TryGetValue(user, out var @new) && @new == old))
                return AuthRule.PowerLevelsUserFromAbove;
        }

        return AnyToAbove(before, next, level) ? AuthRule.PowerLevelsUserToAbove : null;
    }

    private static bool AnyFromAbove(Dictionary<string, long> before, Dictionary<string, long> next, long level)
    {
        foreach (var (name, old) in before)
        {
            if (old > level && !(next.TryGetValue(name, out var @new) && @new == old))
                return true;
        }

        return false;
    }

    private static bool AnyToAbove(Dictionary<string, long> before, Dictionary<string, long> next, long level)
    {
        foreach (var (name, @new) in next)
        {
            if (@new > level && !(before.TryGetValue(name, out var old) && old == @new))
                return true;
        }

        return false;
    }
}
