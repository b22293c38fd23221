using OrleansMatrix.Protocol.Push;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Tests.Authorization;

namespace OrleansMatrix.Protocol.Tests.Push;

/// <summary>Makes the events that push rules are tried on, in a room with <c>@mod:one</c> of level 50.</summary>
internal static class PushEventBuilder
{
    public static PushEvent Make(
        string type, string content, string? stateKey = null, string sender = "@sender:one", int members = 5, string room = "!room:one")
    {
        var pdu = new TestPdu(RoomVersion.V11, "$e", type, sender, stateKey, content) { RoomId = room }.Build();
        return new PushEvent(pdu, members, new AuthRoom(RoomVersion.V11).State.PowerLevels);
    }

    public static PushEvent Message(string body, string sender = "@sender:one", int members = 5) => Make(
        "m.room.message", $$"""{"msgtype":"m.text","body":{{System.Text.Json.JsonSerializer.Serialize(body)}}}""", sender: sender, members: members);
}
