using OrleansMatrix.Grains.ServerKeys;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Grains.Room.Pipeline;

/// <summary>S-S API, Checks performed on receipt of a PDU, steps 1 to 3. May ask remote servers for keys, so it runs before the room's turn.</summary>
internal static class VerifyPdu
{
    /// <summary>Parses an event of the room and verifies it.</summary>
    public static async ValueTask<IncomingPdu> RunAsync(IServerKeyRing keys, string roomId, RoomVersion version, ReadOnlyMemory<byte> json)
    {
        if (!Pdu.Parse(json, version).TryGet(out var pdu, out var error))
            return IncomingPdu.Dropped("", error.Message);
        return pdu.RoomId == roomId ? await RunAsync(keys, pdu) : IncomingPdu.Dropped(pdu.EventId, "The event is in another room");
    }

    /// <summary>Verifies a parsed event.</summary>
    public static async ValueTask<IncomingPdu> RunAsync(IServerKeyRing keys, Pdu pdu)
    {
        var found = new Dictionary<(string Server, string KeyId), ServerVerifyKey?>();
        foreach (var signature in EventSignatures.GetRequiredSignatures(pdu))
        {
            if (!found.ContainsKey((signature.Server, signature.KeyId)))
                found[(signature.Server, signature.KeyId)] = await keys.FindAsync(signature.Server, signature.KeyId, pdu.OriginServerTs);
        }

        var check = EventSignatures.Verify(pdu, (server, keyId) => found.GetValueOrDefault((server, keyId)));
        return check.IsAcceptable
            ? new IncomingPdu(pdu.EventId, check.Pdu.WithoutUnsigned(), null)
            : IncomingPdu.Dropped(pdu.EventId, $"{check.Outcome} of {check.Server}");
    }
}
