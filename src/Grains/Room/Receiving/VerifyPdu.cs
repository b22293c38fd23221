using OrleansMatrix.Grains.ServerKeys;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>S-S API, Checks performed on receipt of a PDU, steps 1 to 3. May ask remote servers for keys, so it runs before the room's turn.</summary>
internal static class VerifyPdu
{
    /// <summary>Parses an event of the room and verifies it.</summary>
    public static async ValueTask<IncomingPdu> RunAsync(IServerKeyRing keys, string roomId, RoomVersion version, ReadOnlyMemory<byte> json) =>
        (await VerifyPdus.RunAsync(keys, roomId, version, [json]))[0];

    /// <summary>Verifies a parsed event.</summary>
    public static async ValueTask<IncomingPdu> RunAsync(IServerKeyRing keys, Pdu pdu)
    {
        IncomingPdu[] incoming = [new IncomingPdu(pdu.EventId, pdu, null)];
        await VerifyPdus.VerifyAsync(keys, incoming);
        return incoming[0];
    }
}
