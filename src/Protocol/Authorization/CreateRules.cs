using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>Rule 1: <c>m.room.create</c>.</summary>
internal static class CreateRules
{
    public static AuthResult Check(RoomVersion version, Pdu pdu)
    {
        if (pdu.PrevEvents.Length > 0)
            return AuthResult.Reject(version, AuthRule.CreateHasPrevEvents);
        if (version.RoomIdIsCreateHash)
        {
            if (pdu.HasRoomId)
                return AuthResult.Reject(version, AuthRule.CreateHasRoomId);
        }
        else if (!Domain.OfRoom(pdu.RoomId).SequenceEqual(Domain.OfUser(pdu.Sender)))
        {
            return AuthResult.Reject(version, AuthRule.CreateRoomIdDomain);
        }

        if (EventContent.TryGet(pdu.Content, "room_version", out var named) && !IsRecognised(named))
            return AuthResult.Reject(version, AuthRule.CreateUnknownVersion);
        if (!version.CreatorIsSender && !EventContent.Has(pdu.Content, "creator"))
            return AuthResult.Reject(version, AuthRule.CreateWithoutCreator);
        if (version.PrivilegedCreators && EventContent.TryGet(pdu.Content, "additional_creators", out var creators) && !AreUserIds(creators))
            return AuthResult.Reject(version, AuthRule.CreateAdditionalCreators);
        return AuthResult.Allow(version, AuthRule.CreateAllowed);
    }

    private static bool IsRecognised(JsonElement named) =>
        named.ValueKind == JsonValueKind.String && RoomVersion.TryGet(named.GetString(), out _);

    private static bool AreUserIds(JsonElement creators)
    {
        if (creators.ValueKind != JsonValueKind.Array)
            return false;
        foreach (var creator in creators.EnumerateArray())
        {
            if (creator.ValueKind != JsonValueKind.String || !UserId.IsValid(creator.GetString()))
                return false;
        }

        return true;
    }
}
