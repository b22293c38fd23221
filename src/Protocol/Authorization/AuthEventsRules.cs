using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The rule "Considering the event's auth_events" (v1, rule 2; v12, rule 3).</summary>
internal static class AuthEventsRules
{
    public static AuthResult Check(RoomVersion version, Pdu pdu, IReadOnlyCollection<AuthEvent> authEvents)
    {
        // m.room.create is allowed or not by rule 1 alone, before this one.
        if (pdu.Type == EventTypes.Create)
            return CreateRules.Check(version, pdu);

        var expected = AuthTypes.For(version, pdu);
        var seen = new HashSet<StateKey>();
        foreach (var (auth, _) in authEvents)
        {
            if (auth.StateKey is { } key && !seen.Add(new StateKey(auth.Type, key)))
                return AuthResult.Reject(version, AuthRule.AuthEventsDuplicate);
        }

        foreach (var (auth, _) in authEvents)
        {
            if (auth.StateKey is not { } key || !expected.Contains(new StateKey(auth.Type, key)))
                return AuthResult.Reject(version, AuthRule.AuthEventsUnexpected);
        }

        foreach (var auth in authEvents)
        {
            if (auth.IsRejected)
                return AuthResult.Reject(version, AuthRule.AuthEventsRejected);
        }

        if (version.CreateInAuthEvents && !seen.Contains(new StateKey(EventTypes.Create, "")))
            return AuthResult.Reject(version, AuthRule.AuthEventsWithoutCreate);
        foreach (var (auth, _) in authEvents)
        {
            if (auth.RoomId != pdu.RoomId)
                return AuthResult.Reject(version, AuthRule.AuthEventsOtherRoom);
        }

        return AuthResult.Allow(version, AuthRule.Allowed);
    }
}
