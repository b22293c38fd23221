using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>Keeps the row that room lists show in step with the room's state.</summary>
internal static class SummaryUpdate
{
    /// <summary>The summary with a changed pair of the state; <paramref name="pdu"/> is null if the pair is gone.</summary>
    public static RoomSummaryRow With(RoomSummaryRow summary, string type, string stateKey, Pdu? pdu)
    {
        if (stateKey.Length > 0)
            return summary;
        return type switch
        {
            EventTypes.Create => summary with { RoomType = String(pdu, "type") },
            EventTypes.Name => summary with { Name = NonEmpty(String(pdu, "name")) },
            EventTypes.Topic => summary with { Topic = NonEmpty(String(pdu, "topic")) },
            EventTypes.Avatar => summary with { AvatarUrl = NonEmpty(String(pdu, "url")) },
            EventTypes.CanonicalAlias => summary with { CanonicalAlias = NonEmpty(String(pdu, "alias")) },
            EventTypes.JoinRules => summary with { JoinRule = String(pdu, "join_rule") ?? "invite" },
            EventTypes.HistoryVisibility => summary with { WorldReadable = String(pdu, "history_visibility") == "world_readable" },
            EventTypes.GuestAccess => summary with { GuestCanJoin = String(pdu, "guest_access") == "can_join" },
            EventTypes.Encryption => summary with { Encrypted = pdu is not null },
            _ => summary,
        };
    }

    private static string? String(Pdu? pdu, string name) => pdu is null ? null : JsonBytes.StringMember(pdu.Content, name);

    private static string? NonEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
