using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Events;

/// <summary>Signatures on events (S-S API, Signing Events).</summary>
public static class EventSignatures
{
    /// <summary>The servers that must have signed the event, each once.</summary>
    public static List<string> GetRequiredServers(Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        var servers = new List<string>(1);
        // "unless the event is a 3rd party invite, only the signature(s) from the originating server ... are required"; of such an invite,
        // "the server which actually sends the event may be a different server".
        if (!IsThirdPartyInvite(pdu))
            servers.Add(pdu.SenderDomain.ToString());

        // "Room versions 1 and 2 also require that a signature is present from the domain in the event_id, if it differs"
        if (pdu.RoomVersion.EventIdFormat == EventIdFormat.Given)
            Add(servers, DomainOf(pdu.EventId));

        // Whatever the membership: "If the event is not validly signed by the homeserver of the user ID denoted by the key, reject" (room v8, rule 4.2).
        if (pdu.RoomVersion.RestrictedJoin && pdu.Membership is not null &&
            pdu.GetContentString("join_authorised_via_users_server"u8) is { } authoriser && UserId.IsValid(authoriser))
            Add(servers, DomainOf(authoriser));
        return servers;
    }

    /// <summary>The signatures of the servers that must have signed: whose keys <see cref="Verify"/> will ask for.</summary>
    public static List<EventSignature> GetRequiredSignatures(Pdu pdu)
    {
        var servers = GetRequiredServers(pdu);
        var signatures = pdu.GetSignatures();
        signatures.RemoveAll(s => !servers.Contains(s.Server) || !KeyIds.IsEd25519(s.KeyId));
        return signatures;
    }

    /// <summary>
    /// Checks signatures and the content hash (S-S API, Validating hashes and signatures on received events). Every server that must have
    /// signed needs one signature by a known key that was valid, and no wrong one by such a key; other keys are passed over.
    /// </summary>
    /// <param name="pdu">The event.</param>
    /// <param name="findKey">Gives a server's key by server name and key id, or null.</param>
    public static EventCheck Verify(Pdu pdu, Func<string, string, ServerVerifyKey?> findKey)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        ArgumentNullException.ThrowIfNull(findKey);
        var signed = new ByteBuilder(pdu.Json.Length);
        try
        {
            Redaction.Append(pdu.Json.Span, pdu.RoomVersion, pdu.Type, withSignatures: false, ref signed);
            foreach (var server in GetRequiredServers(pdu))
            {
                var check = VerifyServer(pdu, server, findKey, signed.Written);
                if (check.Outcome != EventCheckOutcome.Valid)
                    return check;
            }
        }
        finally
        {
            signed.Dispose();
        }

        return EventHashes.HasValidContentHash(pdu)
            ? new EventCheck(EventCheckOutcome.Valid, pdu)
            : new EventCheck(EventCheckOutcome.HashMismatch, Redaction.Redact(pdu));
    }

    /// <summary>
    /// Whether the event has a good signature by this key under the server's name, as a policy server's must be (S-S API, Validating Policy
    /// Server signatures).
    /// </summary>
    public static bool IsSignedBy(Pdu pdu, string server, VerifyKey key)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        ArgumentNullException.ThrowIfNull(key);
        var signature = pdu.GetSignatures().Find(s => s.Server == server && s.KeyId == key.KeyId).Signature;
        if (signature is null)
            return false;
        var signed = new ByteBuilder(pdu.Json.Length);
        Redaction.Append(pdu.Json.Span, pdu.RoomVersion, pdu.Type, withSignatures: false, ref signed);
        var valid = key.Verify(signed.Written, signature);
        signed.Dispose();
        return valid;
    }

    /// <summary>Adds a server's signature to an event, as for invites and restricted joins.</summary>
    public static Pdu Sign(Pdu pdu, ServerName server, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        ArgumentNullException.ThrowIfNull(key);
        var signed = new ByteBuilder(pdu.Json.Length);
        Redaction.Append(pdu.Json.Span, pdu.RoomVersion, pdu.Type, withSignatures: false, ref signed);
        var signature = key.Sign(signed.Written);
        signed.Dispose();
        return AddSignature(pdu, server.Value, key.KeyId, signature);
    }

    /// <summary>The event with one more signature, which is not checked here.</summary>
    public static Pdu AddSignature(Pdu pdu, string server, string keyId, string signature)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        return PduParser.Read(SignedJson.AddSignature(pdu.Json.Span, server, keyId, signature), pdu.RoomVersion, pdu.EventId);
    }

    private static EventCheck VerifyServer(
        Pdu pdu, string server, Func<string, string, ServerVerifyKey?> findKey, ReadOnlySpan<byte> signed)
    {
        var outcome = EventCheckOutcome.MissingSignature;
        string? lastKeyId = null;
        var signatures = SignedJson.FindSignatures(pdu.Json.Span, server);
        if (signatures.IsEmpty)
            return new EventCheck(outcome, pdu, server);
        var keys = new CanonicalObject(signatures);
        while (keys.MoveNext())
        {
            var keyId = CanonicalObject.ReadKey(keys.Key);
            if (!KeyIds.IsEd25519(keyId))
                continue;
            lastKeyId = keyId;
            if (findKey(server, keyId) is not { } key || !key.IsValidFor(pdu.RoomVersion, pdu.OriginServerTs))
            {
                if (outcome == EventCheckOutcome.MissingSignature)
                    outcome = EventCheckOutcome.UnknownKey;
            }
            else if (key.Key.Verify(signed, CanonicalObject.ReadString(keys.Value)!))
            {
                outcome = EventCheckOutcome.Valid;
            }
            else
            {
                return new EventCheck(EventCheckOutcome.InvalidSignature, pdu, server, keyId);
            }
        }

        return new EventCheck(outcome, pdu, server, lastKeyId);
    }

    private static bool IsThirdPartyInvite(Pdu pdu) =>
        pdu.Membership == Events.Membership.Invite && pdu.HasContentMember("third_party_invite"u8);

    private static string DomainOf(string id) => id[(id.IndexOf(':', StringComparison.Ordinal) + 1)..];

    private static void Add(List<string> servers, string server)
    {
        if (!servers.Contains(server))
            servers.Add(server);
    }
}
