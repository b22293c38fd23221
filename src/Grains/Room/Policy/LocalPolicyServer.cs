using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Policy;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Grains.Room.Policy;

/// <summary>This server as the policy server of rooms that name it (S-S API, Policy Servers; setting <c>Matrix:PolicyServer</c>).</summary>
/// <param name="name">This server's name.</param>
/// <param name="key">A key of its own, so that a room can revoke it: not the server's signing key.</param>
/// <param name="rules">What is refused.</param>
/// <param name="eventsPerMinute">The most events of one user that are signed in one minute in one room; 0: any number.</param>
/// <param name="time">The clock.</param>
public sealed class LocalPolicyServer(ServerName name, SigningKey key, PolicyRules rules, int eventsPerMinute, TimeProvider time)
{
    private const int MaxCounted = 100_000;

    /// <summary>The public half of the key.</summary>
    public VerifyKey VerifyKey => key.VerifyKey;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string RoomId, string Sender), int> _counts = [];
    private long _minute;

    /// <summary>
    /// The event with the policy server's signature, or why it is refused: 400, or 429 for too many; 403 where the room has another key (S-S API, Policy
    /// Servers: "rotates its key without the room also updating the state event": its signatures count for nothing then).
    /// </summary>
    /// <param name="policy">What the room's m.room.policy says.</param>
    /// <param name="roomId">The room.</param>
    /// <param name="pdu">The event.</param>
    public Outcome<Pdu> Sign(RoomPolicyServer policy, string roomId, Pdu pdu)
    {
        if (rules.FindFault(pdu) is { } fault)
            return fault;
        if (eventsPerMinute > 0 && WaitOf(roomId, pdu.Sender) is > 0 and var wait)
            return MatrixError.LimitExceeded(wait);
        var signed = EventSignatures.Sign(pdu, name, key);
        return policy.Recommends(signed) ? signed : MatrixError.Forbidden("The key in the room's m.room.policy is not this server's");
    }

    private long WaitOf(string roomId, string sender)
    {
        const long Minute = 60_000;
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_lock)
        {
            if (now / Minute != _minute || _counts.Count >= MaxCounted)
                _counts.Clear();
            _minute = now / Minute;
            var count = _counts.GetValueOrDefault((roomId, sender)) + 1;
            _counts[(roomId, sender)] = count;
            return count <= eventsPerMinute ? 0 : Minute - (now % Minute);
        }
    }
}
