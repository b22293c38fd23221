using OrleansMatrix.Grains.ServerKeys;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>
/// S-S API, Checks performed on receipt of a PDU, steps 1 to 3, for many events: the work of the processor is done beside the grain, on all cores, and each key
/// is asked for once, those of different servers at the same time.
/// </summary>
internal static class VerifyPdus
{
    private const int KeysAtOnce = 32;

    // One or two events are quicker done than handed over.
    private const int Few = 2;

    /// <summary>Parses events of the room and verifies them; one answer each, in order.</summary>
    public static async Task<IncomingPdu[]> RunAsync(IServerKeyRing keys, string roomId, RoomVersion version, IReadOnlyList<ReadOnlyMemory<byte>> events)
    {
        var found = new IncomingPdu[events.Count];
        await ForEachAsync(events.Count, i => found[i] = Parse(roomId, version, events[i]));
        await VerifyAsync(keys, found);
        return found;
    }

    /// <summary>Parses an event of the room.</summary>
    public static IncomingPdu Parse(string roomId, RoomVersion version, ReadOnlyMemory<byte> json)
    {
        if (!Pdu.Parse(json, version).TryGet(out var pdu, out var error))
            return IncomingPdu.Dropped("", error.Message);
        return pdu.RoomId == roomId ? new IncomingPdu(pdu.EventId, pdu, null) : IncomingPdu.Dropped(pdu.EventId, "The event is in another room");
    }

    /// <summary>Runs something for each index, on all cores if there are many; it must not touch the grain.</summary>
    public static Task ForEachAsync(int count, Action<int> body)
    {
        if (count > Few)
            return Task.Run(() => Parallel.For(0, count, body));
        for (var i = 0; i < count; i++)
            body(i);
        return Task.CompletedTask;
    }

    /// <summary>Puts a verified event, or why there is none, in the place of each parsed one.</summary>
    public static async Task VerifyAsync(IServerKeyRing keys, IncomingPdu[] incoming)
    {
        var needed = new Dictionary<(string Server, string KeyId), long>();
        foreach (var pdu in incoming.Select(i => i.Pdu).OfType<Pdu>())
        {
            foreach (var signature in EventSignatures.GetRequiredSignatures(pdu))
            {
                var key = (signature.Server, signature.KeyId);
                needed[key] = Math.Max(needed.GetValueOrDefault(key), pdu.OriginServerTs);
            }
        }

        var found = new Dictionary<(string Server, string KeyId), ServerVerifyKey?>(needed.Count);
        foreach (var some in needed.Chunk(KeysAtOnce))
        {
            var asked = await Task.WhenAll(some.Select(async n => (n.Key, Found: await keys.FindAsync(n.Key.Server, n.Key.KeyId, n.Value))));
            foreach (var (key, verifyKey) in asked)
                found[key] = verifyKey;
        }

        Func<string, string, ServerVerifyKey?> findKey = (server, keyId) => found.GetValueOrDefault((server, keyId));
        await ForEachAsync(incoming.Length, i =>
        {
            if (incoming[i].Pdu is { } pdu)
                incoming[i] = Verify(pdu, findKey);
        });
    }

    private static IncomingPdu Verify(Pdu pdu, Func<string, string, ServerVerifyKey?> findKey)
    {
        var check = EventSignatures.Verify(pdu, findKey);
        return check.IsAcceptable
            ? new IncomingPdu(pdu.EventId, check.Pdu.WithoutUnsigned(), null)
            : IncomingPdu.Dropped(pdu.EventId, $"{check.Outcome} of {check.Server}");
    }
}
