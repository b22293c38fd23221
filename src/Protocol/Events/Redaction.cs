using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Events;

/// <summary>The redaction algorithm: strips an event down to what the room's working needs (room versions, Redactions).</summary>
public static class Redaction
{
    /// <summary>The redacted event; it has the same id, hashes and signatures.</summary>
    public static Pdu Redact(Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        var json = pdu.Json.Span;
        var buffer = new ByteBuilder(json.Length);
        Append(json, pdu.RoomVersion, pdu.Type, withSignatures: true, ref buffer);
        var redacted = buffer.Written.ToArray();
        buffer.Dispose();
        return PduParser.Read(redacted, pdu.RoomVersion, pdu.EventId);
    }

    /// <summary>Appends the redacted form of an event in canonical JSON.</summary>
    internal static void Append(ReadOnlySpan<byte> json, RoomVersion version, string type, bool withSignatures, ref ByteBuilder output)
    {
        output.Append((byte)'{');
        var start = output.Length;
        var members = new CanonicalObject(json);
        while (members.MoveNext())
        {
            var key = members.Key;
            if (!KeepsTopLevel(key, version.Redaction) || (!withSignatures && key.SequenceEqual("signatures"u8)))
                continue;
            if (output.Length > start)
                output.Append((byte)',');
            if (!key.SequenceEqual("content"u8) || (version.Redaction.KeepsCreateContent && type == EventTypes.Create))
            {
                output.Append(members.Member);
                continue;
            }

            output.Append("\"content\":"u8);
            AppendContent(members.Value, version.Redaction, type, ref output);
        }

        output.Append((byte)'}');
    }

    private static bool KeepsTopLevel(ReadOnlySpan<byte> key, RedactionRules rules) =>
        key.Length switch
        {
            4 => key.SequenceEqual("type"u8),
            5 => key.SequenceEqual("depth"u8),
            6 => key.SequenceEqual("hashes"u8) || key.SequenceEqual("sender"u8) ||
                (rules.KeepsLegacyTopLevel && key.SequenceEqual("origin"u8)),
            7 => key.SequenceEqual("content"u8) || key.SequenceEqual("room_id"u8),
            8 => key.SequenceEqual("event_id"u8),
            9 => key.SequenceEqual("state_key"u8),
            10 => key.SequenceEqual("signatures"u8) ||
                (rules.KeepsLegacyTopLevel && (key.SequenceEqual("membership"u8) || key.SequenceEqual("prev_state"u8))),
            11 => key.SequenceEqual("auth_events"u8) || key.SequenceEqual("prev_events"u8),
            16 => key.SequenceEqual("origin_server_ts"u8),
            _ => false,
        };

    private static void AppendContent(ReadOnlySpan<byte> content, RedactionRules rules, string type, ref ByteBuilder output)
    {
        output.Append((byte)'{');
        if (HasProtectedContent(type))
        {
            var start = output.Length;
            var members = new CanonicalObject(content);
            while (members.MoveNext())
            {
                var signedOnly = type == EventTypes.Member && members.Key.SequenceEqual("third_party_invite"u8);
                if (signedOnly ? !rules.KeepsThirdPartyInviteSigned || members.Value[0] != '{' : !KeepsContent(type, members.Key, rules))
                    continue;
                if (output.Length > start)
                    output.Append((byte)',');
                if (signedOnly)
                    AppendThirdPartyInvite(members.Value, ref output);
                else
                    output.Append(members.Member);
            }
        }

        output.Append((byte)'}');
    }

    /// <summary>Room v11: "Additionally, it allows the <c>signed</c> key of the <c>third_party_invite</c> key."</summary>
    private static void AppendThirdPartyInvite(ReadOnlySpan<byte> invite, ref ByteBuilder output)
    {
        output.Append("\"third_party_invite\":{"u8);
        var signed = CanonicalObject.Find(invite, "signed"u8);
        if (!signed.IsEmpty)
        {
            output.Append("\"signed\":"u8);
            output.Append(signed);
        }

        output.Append((byte)'}');
    }

    private static bool HasProtectedContent(string type) =>
        type is EventTypes.Member or EventTypes.Create or EventTypes.JoinRules or EventTypes.PowerLevels or EventTypes.Aliases
            or EventTypes.HistoryVisibility or EventTypes.Redaction;

    private static bool KeepsContent(string type, ReadOnlySpan<byte> key, RedactionRules rules) => type switch
    {
        EventTypes.Member => key.SequenceEqual("membership"u8) ||
            (rules.KeepsAuthorisingUser && key.SequenceEqual("join_authorised_via_users_server"u8)),
        EventTypes.Create => key.SequenceEqual("creator"u8),
        EventTypes.JoinRules => key.SequenceEqual("join_rule"u8) || (rules.KeepsJoinRuleAllow && key.SequenceEqual("allow"u8)),
        EventTypes.PowerLevels => key.SequenceEqual("ban"u8) || key.SequenceEqual("events"u8) || key.SequenceEqual("events_default"u8) ||
            key.SequenceEqual("kick"u8) || key.SequenceEqual("redact"u8) || key.SequenceEqual("state_default"u8) ||
            key.SequenceEqual("users"u8) || key.SequenceEqual("users_default"u8) ||
            (rules.KeepsInviteLevel && key.SequenceEqual("invite"u8)),
        EventTypes.Aliases => rules.KeepsAliases && key.SequenceEqual("aliases"u8),
        EventTypes.HistoryVisibility => key.SequenceEqual("history_visibility"u8),
        EventTypes.Redaction => rules.KeepsContentRedacts && key.SequenceEqual("redacts"u8),
        _ => false,
    };
}
