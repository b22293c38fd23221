using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Peers.Tests.Graph;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>
/// What a lying server sends of its own accord: what it may not, what nobody can read, what follows nothing, and one thing to one and another to the other.
/// </summary>
internal sealed class Mischief(PeerServer liar, string speaker)
{
    /// <summary>Sends one lie into the room; nothing if the liar is not in it.</summary>
    public void Send(string roomId, IReadOnlyList<ISide> others, Random random)
    {
        lock (liar.Gate)
        {
            if (!liar.Rooms.TryGetValue(roomId, out var room) || room.MembershipOf(speaker) != Membership.Join)
                return;
            var victim = others[random.Next(others.Count)];
            switch (random.Next(8))
            {
                case 0:
                    Say(others, liar.Acts.Draft(room, victim.Speaker, EventTypes.Message, null, Text(random)));
                    break;
                case 1:
                    var users = new JsonObject { [speaker] = 100, [victim.Speaker] = 0 };
                    Say(others, liar.Acts.Draft(room, speaker, EventTypes.PowerLevels, "", new JsonObject { ["users"] = users }));
                    break;
                case 2:
                    Say(others, liar.Acts.Draft(room, speaker, EventTypes.Member, victim.Speaker, new JsonObject { ["membership"] = Membership.Ban }));
                    break;
                case 3:
                    Say(others, Rootless(room, random));
                    break;
                case 4:
                    // Its content is another than was signed.
                    var changed = Acts.Node(liar.Acts.Draft(room, speaker, EventTypes.Message, null, Text(random)));
                    changed["content"]!["body"] = "changed";
                    liar.Outbox.Send([victim.Server], isPdu: true, changed);
                    break;
                case 5:
                    foreach (var other in others)
                        Say([other], liar.Acts.Draft(room, speaker, EventTypes.Member, speaker, Named(random)));
                    break;
                case 6:
                    var honest = Encoding.UTF8.GetString(liar.Acts.Draft(room, speaker, EventTypes.Message, null, Text(random)).Json.Span);
                    liar.Outbox.Send([victim.Server], isPdu: true, HostileJson.Spoil(honest, random));
                    break;
                default:
                    liar.Outbox.Send(others.Select(static o => o.Server), isPdu: false, HostileJson.Spoil(Edu(roomId, victim.Speaker, random), random));
                    break;
            }
        }
    }

    private void Say(IEnumerable<ISide> to, Pdu pdu) => liar.Outbox.Send(to.Select(static o => o.Server), isPdu: true, Acts.Node(pdu));

    private Pdu Rootless(GraphRoom room, Random random)
    {
        var draft = liar.Acts.Draft(room, speaker, EventTypes.Message, null, Text(random));
        string[] nowhere = [draft.EventId[..^1] + (draft.EventId[^1] == 'A' ? 'B' : 'A')];
        return liar.Acts.Build(room.Version, room.RoomId, speaker, EventTypes.Message, null, Text(random), nowhere, [.. draft.AuthEvents], draft.Depth);
    }

    private static JsonObject Text(Random random) => new() { ["msgtype"] = "m.text", ["body"] = random.Next() };

    private static JsonObject Named(Random random) => new() { ["membership"] = Membership.Join, ["displayname"] = $"n{random.Next()}" };

    /// <summary>About another server's user.</summary>
    private static string Edu(string roomId, string user, Random random) => random.Next(4) switch
    {
        0 => $$$$"""{"edu_type":"m.receipt","content":{"{{{{roomId}}}}":{"m.read":{"{{{{user}}}}":{"event_ids":["$x"],"data":{"ts":9999999999999} } } } } }""",
        1 => $$$"""{"edu_type":"m.device_list_update","content":{"user_id":"{{{user}}}","device_id":"X","stream_id":99,"prev_id":[] } }""",
        2 => $$$"""{"edu_type":"m.signing_key_update","content":{"user_id":"{{{user}}}","master_key":{"user_id":"{{{user}}}","keys":{} } } }""",
        _ => $$$$"""
            {"edu_type":"m.direct_to_device","content":{"sender":"{{{{user}}}}","type":"t","message_id":"m","messages":{"{{{{user}}}}":{"*":{"n":1} } } } }
            """,
    };
}
