using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>Which state events authorise an event (S-S API, Auth events selection).</summary>
public static class AuthTypes
{
    /// <summary>The places of the state that an event's <c>auth_events</c> are taken from, each at most once.</summary>
    /// <param name="version">The version of the room.</param>
    /// <param name="type">The event's type.</param>
    /// <param name="sender">The event's sender.</param>
    /// <param name="stateKey">The event's state key, or null when it is no state event.</param>
    /// <param name="content">The event's content.</param>
    public static ImmutableArray<StateKey> For(RoomVersion version, string type, string sender, string? stateKey, JsonElement content)
    {
        ArgumentNullException.ThrowIfNull(version);
        if (type == EventTypes.Create)
            return [];
        var keys = ImmutableArray.CreateBuilder<StateKey>(type == EventTypes.Member ? 7 : 3);
        if (version.CreateInAuthEvents)
            keys.Add(new StateKey(EventTypes.Create, ""));
        keys.Add(new StateKey(EventTypes.PowerLevels, ""));
        keys.Add(new StateKey(EventTypes.Member, sender));
        if (type == EventTypes.Member)
            AddForMember(keys, version, sender, stateKey, content);
        return keys.DrainToImmutable();
    }

    /// <inheritdoc cref="For(RoomVersion, string, string, string?, JsonElement)"/>
    public static ImmutableArray<StateKey> For(RoomVersion version, Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        // Only of membership events is the content looked at; of others it need not be parsed.
        return For(version, pdu.Type, pdu.Sender, pdu.StateKey, pdu.Type == EventTypes.Member ? pdu.Content : default);
    }

    private static void AddForMember(
        ImmutableArray<StateKey>.Builder keys, RoomVersion version, string sender, string? target, JsonElement content)
    {
        if (target is not null && target != sender)
            keys.Add(new StateKey(EventTypes.Member, target));
        var membership = EventContent.String(content, "membership");
        if (membership is Membership.Join or Membership.Invite or Membership.Knock)
            keys.Add(new StateKey(EventTypes.JoinRules, ""));
        if (membership == Membership.Invite && ThirdPartyToken(content) is { } token)
            keys.Add(new StateKey(EventTypes.ThirdPartyInvite, token));
        if (membership == Membership.Join && version.RestrictedJoin &&
            EventContent.TryGetString(content, MemberContent.AuthorisedVia, out var authoriser) && authoriser != sender && authoriser != target)
            keys.Add(new StateKey(EventTypes.Member, authoriser));
    }

    private static string? ThirdPartyToken(JsonElement content) =>
        EventContent.TryGet(content, "third_party_invite", out var invite) && EventContent.TryGet(invite, "signed", out var signed)
            ? EventContent.String(signed, "token")
            : null;
}
