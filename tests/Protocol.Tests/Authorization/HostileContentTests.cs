using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Policy;
using OrleansMatrix.Protocol.Push;
using OrleansMatrix.Protocol.Relations;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Visibility;

namespace OrleansMatrix.Protocol.Tests.Authorization;

/// <summary>Contents of any shape get a verdict and never an exception.</summary>
public class HostileContentTests
{
    private static readonly string[] s_types =
    [
        EventTypes.Create, EventTypes.Member, EventTypes.PowerLevels, EventTypes.JoinRules, EventTypes.ThirdPartyInvite, EventTypes.Aliases,
        EventTypes.Redaction, EventTypes.HistoryVisibility, EventTypes.ServerAcl, EventTypes.Policy, "m.room.message",
    ];

    private static readonly string[] s_names =
    [
        "membership", "third_party_invite", "signed", "mxid", "token", "signatures", "join_authorised_via_users_server", "creator", "room_version",
        "additional_creators", "m.federate", "users", "events", "notifications", "ban", "users_default", "join_rule", "public_key", "public_keys",
        "body", "msgtype", "m.mentions", "user_ids", "m.relates_to", "rel_type", "event_id", "allow", "deny", "via", "ed25519", "@user:one",
    ];

    private static readonly string[] s_texts =
        ["", "join", "invite", "knock", "@user:one", "@creator:one", "public", "50", "-", "1e9", "t", "\0", "😀", "m.replace", "$e1:one", "*", "x:y:z", "@"];

    [Fact]
    public void Rules_judge_any_content()
    {
        for (var seed = 0; seed < 4000; seed++)
        {
            var random = new Random(seed);
            var version = RoomVersion.All[random.Next(RoomVersion.All.Length)];
            // A room made of nonsense, tried with an event of nonsense.
            var room = new AuthRoom(version, Content(random));
            for (var i = random.Next(4); i > 0; i--)
                room.Set(s_types[1 + random.Next(4)], Text(random), AuthRoom.Creator, Content(random));
            if (random.Next(2) == 0)
                room.Set(s_types[1 + random.Next(4)], "", AuthRoom.Creator, Content(random));
            var key = random.Next(3) == 0 ? null : Text(random);
            var pdu = (room.Event(s_types[random.Next(s_types.Length)], key, AuthRoom.User, Content(random)) with { Redacts = Text(random) }).Build();

            Assert.NotEmpty(AuthRules.Check(version, pdu, room.State).RuleNumber);
            Assert.NotNull(AuthRules.CheckAuthEvents(version, pdu, [new AuthEvent(room.Create, false), new AuthEvent(pdu, false)]).Version);
            Redactions.Apply(version, pdu, room.Create, room.State.PowerLevels);
            PushRuleset.Default("@me:one").Evaluate(new PushEvent(pdu, 2, room.State.PowerLevels), Text(random));
            Relation.Of(pdu);
            ServerAcl.Parse(pdu.Content).IsAllowed("one");
            HistoryVisibilities.Of(pdu);
            if (RoomPolicyServer.TryParse(pdu, out var server))
                server.Recommends(pdu);
            PushRuleset.Parse("@me:one", pdu.Content);
            foreach (var kind in PushRuleKinds.All)
                PushRuleset.Default("@me:one").Put(kind, "rule", RuleOf(pdu.Content));
        }
    }

    private static JsonElement RuleOf(JsonElement content) =>
        JsonDocument.Parse($$"""{"actions":["notify"],"pattern":{{content.GetRawText()}},"conditions":[{{content.GetRawText()}}]}""").RootElement;

    private static string Content(Random random)
    {
        var content = new JsonObject();
        for (var i = random.Next(4); i >= 0; i--)
            content[s_names[random.Next(s_names.Length)]] = Value(random, 3);
        return content.ToJsonString();
    }

    private static string Text(Random random) => s_texts[random.Next(s_texts.Length)];

    private static JsonNode? Value(Random random, int depth)
    {
        switch (random.Next(depth > 0 ? 8 : 6))
        {
            case 0: return null;
            case 1: return random.Next(2) == 0;
            case 2: return random.Next(-5, 105);
            case 3: return random.Next(2) == 0 ? 1e300 : 0.5;
            case 4 or 5: return Text(random);
            case 6:
                return new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(_ => Value(random, depth - 1))]);
            default:
                var nested = new JsonObject();
                for (var i = random.Next(4); i > 0; i--)
                    nested[s_names[random.Next(s_names.Length)]] = Value(random, depth - 1);
                return nested;
        }
    }
}
