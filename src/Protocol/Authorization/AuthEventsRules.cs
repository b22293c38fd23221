using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The rule "Considering the event's auth_events" (v1, rule 2; v12, rule 3).</summary>
internal static class AuthEventsRules
{
    public static AuthResult Check(RoomVersion version, Pdu pdu, IReadOnlyList<AuthEvent> authEvents)
    {
        // m.room.create is allowed or not by rule 1 alone, before this one.
        if (pdu.Type == EventTypes.Create)
            return CreateRules.Check(version, pdu);

        var expected = AuthTypes.For(version, pdu);
        for (var i = 0; i < authEvents.Count; i++)
        {
            if (IsRepeated(authEvents, i))
                return AuthResult.Reject(version, AuthRule.AuthEventsDuplicate);
        }

        var hasCreate = false;
        for (var i = 0; i < authEvents.Count; i++)
        {
            var auth = authEvents[i].Pdu;
            if (auth.StateKey is not { } key || !expected.Contains(new StateKey(auth.Type, key)))
                return AuthResult.Reject(version, AuthRule.AuthEventsUnexpected);
            hasCreate |= auth.Type == EventTypes.Create;
        }

        for (var i = 0; i < authEvents.Count; i++)
        {
            if (authEvents[i].IsRejected)
                return AuthResult.Reject(version, AuthRule.AuthEventsRejected);
        }

        if (version.CreateInAuthEvents && !hasCreate)
            return AuthResult.Reject(version, AuthRule.AuthEventsWithoutCreate);
        for (var i = 0; i < authEvents.Count; i++)
        {
            if (authEvents[i].Pdu.RoomId != pdu.RoomId)
                return AuthResult.Reject(version, AuthRule.AuthEventsOtherRoom);
        }

        return AuthResult.Allow(version, AuthRule.Allowed);
    }

    // Ten at most (event format of every room version), and mostly three: looked through, they are quicker than a set.
    private static bool IsRepeated(IReadOnlyList<AuthEvent> authEvents, int index)
    {
        var (type, key) = (authEvents[index].Pdu.Type, authEvents[index].Pdu.StateKey);
        for (var i = 0; i < index && key is not null; i++)
        {
            if (authEvents[i].Pdu.Type == type && authEvents[i].Pdu.StateKey == key)
                return true;
        }

        return false;
    }
}
