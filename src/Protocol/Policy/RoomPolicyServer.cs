using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Policy;

/// <summary>The policy server that a room names (S-S API, Policy Servers).</summary>
public sealed class RoomPolicyServer
{
    /// <summary>The id that the key of every policy server has.</summary>
    public const string KeyId = KeyIds.Ed25519Prefix + KeyVersion;

    /// <summary>The part of <see cref="KeyId"/> behind the algorithm.</summary>
    public const string KeyVersion = "policy_server";

    private readonly VerifyKey? _key;

    private RoomPolicyServer(string via, VerifyKey? key)
    {
        Via = via;
        _key = key;
    }

    /// <summary>The name of the server.</summary>
    public string Via { get; }

    /// <summary>
    /// Reads the <c>m.room.policy</c> of a room's current state. False when it names no policy server. It also counts only while a user of
    /// <see cref="Via"/> is joined, which the caller has to see to.
    /// </summary>
    public static bool TryParse(Pdu? policy, [NotNullWhen(true)] out RoomPolicyServer? server)
    {
        server = null;
        if (policy is not { Type: EventTypes.Policy, StateKey: "" } || Text(policy.Content, "via") is not { } via || !ServerName.IsValid(via) ||
            !policy.Content.TryGetProperty("public_keys", out var keys) || Text(keys, "ed25519") is not { } publicKey)
            return false;
        // A key that is none makes no valid signature, but the room still has a policy server.
        server = new RoomPolicyServer(via, VerifyKey.TryParse(KeyId, publicKey, out var key) ? key : null);
        return true;
    }

    /// <summary>
    /// True when the event must carry this server's signature: every one but <c>m.room.policy</c> state with an empty state key, for which
    /// the policy server is not asked.
    /// </summary>
    public static bool MustBeSigned(Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        return pdu is not { Type: EventTypes.Policy, StateKey: "" };
    }

    /// <summary>True when the event is recommended for inclusion: it needs no signature or has a valid one of this server.</summary>
    public bool Recommends(Pdu pdu) => !MustBeSigned(pdu) || (_key is not null && EventSignatures.IsSignedBy(pdu, Via, _key));

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
