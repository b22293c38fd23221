using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Peers.Tests.Answering;
using OrleansMatrix.Peers.Tests.Graph;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Peers.Tests.Asking;

/// <summary>Invites users of other servers.</summary>
internal sealed class Invitation(PeerServer server)
{
    /// <summary>Has the invite signed by the user's server and takes it into the room; false if either refuses.</summary>
    /// <exception cref="CutException">The user's server is not reached.</exception>
    public async Task<bool> SendAsync(GraphRoom room, Pdu invite)
    {
        var to = Acts.DomainOf(invite.StateKey!);
        if (to != server.Name)
        {
            JsonArray state;
            lock (server.Gate)
                state = new MembershipAnswers(server).GivenState(room);
            var path = $"invite/{Uri.EscapeDataString(room.RoomId)}/{Uri.EscapeDataString(invite.EventId)}";
            var isV1 = room.Version.EventReferencesCarryHashes;
            var event_ = Acts.Node(invite).AsObject();
            if (isV1)
                event_["unsigned"] = new JsonObject { ["invite_room_state"] = state };
            var body = isV1 ? event_ : new JsonObject { ["event"] = event_, ["room_version"] = room.Version.Id, ["invite_room_state"] = state };
            var answer = await server.AskAsync(to, "PUT", $"/_matrix/federation/{(isV1 ? "v1" : "v2")}/{path}", body.ToJsonString());
            if (Signed(answer) is not JsonObject json || !Pdu.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), room.Version).TryGet(out var signed, out _) ||
                signed.EventId != invite.EventId)
                return false;
            invite = signed;
        }

        lock (server.Gate)
        {
            var before = room.Servers();
            if (!room.Take(invite))
                return false;
            if (to == server.Name)
                server.Acts.Taken(room, invite, isShown: true);
            server.Acts.Distribute(room, invite, before);
            return true;
        }
    }

    /// <summary>The event in an answer of either version.</summary>
    private static JsonNode? Signed(Answer answer)
    {
        try
        {
            return answer.Status != 200 ? null : answer.Json is JsonArray { Count: 2 } list ? list[1]?["event"] : (answer.Json as JsonObject)?["event"];
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
