using System.Security.Cryptography;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Policy;

/// <summary>
/// Events that were built and wait for a policy server's signature, or have it and wait to be sent; bounded, and forgotten after a short time.
/// </summary>
internal sealed class PolicySignatures(TimeProvider time)
{
    private const int Capacity = 64;
    private static readonly TimeSpan s_kept = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (Pdu Pdu, bool IsSigned, DateTimeOffset Until)> _events = new(StringComparer.Ordinal);

    /// <summary>Remembers an event that needs a signature.</summary>
    public void Want(EventDraft draft, Pdu pdu)
    {
        var now = time.GetUtcNow();
        foreach (var (key, _) in _events.Where(e => e.Value.Until < now || _events.Count >= Capacity).Take(Capacity / 2).ToList())
            _events.Remove(key);
        _events[KeyOf(draft)] = (pdu, false, now + s_kept);
    }

    /// <summary>The event of that id that waits for its signature, or null.</summary>
    public Pdu? FindWanted(string eventId) => _events.Values.FirstOrDefault(e => e.Pdu.EventId == eventId && !e.IsSigned).Pdu;

    /// <summary>The event with its signature.</summary>
    public void Put(Pdu signed)
    {
        foreach (var (key, known) in _events)
        {
            if (known.Pdu.EventId != signed.EventId)
                continue;
            _events[key] = (signed, true, known.Until);
            return;
        }
    }

    /// <summary>The signed event of the draft, or null.</summary>
    public Pdu? Find(EventDraft draft) => _events.TryGetValue(KeyOf(draft), out var known) && known.IsSigned && time.GetUtcNow() < known.Until ? known.Pdu
        : null;

    private static string KeyOf(EventDraft draft) =>
        string.Join('\n', draft.Sender, draft.Type, draft.StateKey is null ? ""
            : "+" + draft.StateKey, draft.Redacts, Convert.ToHexString(SHA256.HashData(draft.Content.Span)));
}
