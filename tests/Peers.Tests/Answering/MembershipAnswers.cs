using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Peers.Tests.Graph;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Peers.Tests.Answering;

/// <summary>How users of other servers come into rooms of this one, and are invited to others.</summary>
internal sealed class MembershipAnswers(PeerServer server)
{
    /// <summary>The template of a member event.</summary>
    public Answer Make(Asked asked, string membership)
    {
        lock (server.Gate)
        {
            var user = asked.Path[1];
            if (server.Rooms.GetValueOrDefault(asked.Path[0]) is not { } room || !room.Servers().Contains(server.Name))
                return PeerServer.Error(404, "M_NOT_FOUND");
            if (Acts.DomainOf(user) != asked.Origin)
                return PeerServer.Error(403, "M_FORBIDDEN");
            if (membership != "leave" && asked.Query.TryGetValue("ver", out var versions) && !versions.Split(',').Contains(room.Version.Id))
            {
                var error = new JsonObject { ["errcode"] = "M_INCOMPATIBLE_ROOM_VERSION", ["error"] = "", ["room_version"] = room.Version.Id };
                return new Answer(400, error.ToJsonString());
            }

            var content = new JsonObject { ["membership"] = membership };
            if (membership == "join" && NeedsAuthoriser(room, user))
            {
                if (AuthoriserOf(room) is not { } authoriser)
                    return PeerServer.Error(400, "M_UNABLE_TO_AUTHORISE_JOIN");
                content["join_authorised_via_users_server"] = authoriser;
            }

            var draft = server.Acts.Draft(room, user, EventTypes.Member, user, content);
            if (!room.IsAllowed(draft, room.Current))
                return PeerServer.Error(403, "M_FORBIDDEN");
            var template = Acts.Node(draft).AsObject();
            foreach (var name in new[] { "hashes", "signatures", "event_id" })
                template.Remove(name);
            return Answers.Ok(new JsonObject { ["event"] = template, ["room_version"] = room.Version.Id });
        }
    }

    /// <summary>The member event itself.</summary>
    public async Task<Answer> SendAsync(Asked asked, string membership)
    {
        GraphRoom? room;
        lock (server.Gate)
            room = server.Rooms.GetValueOrDefault(asked.Path[0]);
        if (room is null)
            return PeerServer.Error(404, "M_NOT_FOUND");
        if (!Pdu.Parse(Encoding.UTF8.GetBytes(asked.Body), room.Version).TryGet(out var parsed, out _) || parsed.EventId != asked.Path[1] ||
            parsed.Membership != membership || parsed.Sender != parsed.StateKey)
            return PeerServer.Error(400, "M_INVALID_PARAM");
        if (parsed.GetContentString("join_authorised_via_users_server"u8) is { } by && Acts.DomainOf(by) == server.Name)
            parsed = EventSignatures.Sign(parsed, server.ServerName, server.Key);
        if (await server.Keys.VerifiedAsync(parsed) is not { } pdu)
            return PeerServer.Error(400, "M_INVALID_PARAM");
        lock (server.Gate)
        {
            var before = room.Servers();
            var isKnown = room.HasPlace(pdu.EventId) && !room.IsRejected(pdu.EventId) && !room.IsSoftFailed(pdu.EventId);
            if (!isKnown)
            {
                if (!pdu.PrevEvents.All(room.HasPlace) || pdu.AuthEvents.Any(id => room.Find(id) is null))
                    return PeerServer.Error(400, "M_INVALID_PARAM");
                if (!room.Take(pdu))
                    return PeerServer.Error(403, "M_FORBIDDEN");
                server.Acts.Distribute(room, pdu, before, except: asked.Origin);
            }

            var answer = membership switch
            {
                "join" => Joined(room, pdu, asked.Query.GetValueOrDefault("omit_members") == "true" && server.Draw(2) == 0),
                "knock" => new JsonObject { ["knock_room_state"] = GivenState(room) },
                _ => [],
            };
            return membership != "knock" && asked.IsV1 ? new Answer(200, $"[200,{answer.ToJsonString()}]") : Answers.Ok(answer);
        }
    }

    /// <summary>A user of this server is invited.</summary>
    public async Task<Answer> InviteAsync(Asked asked)
    {
        var json = asked.Json;
        var version = RoomVersion.V1;
        if (!asked.IsV1 && !RoomVersion.TryGet(json["room_version"]!.GetValue<string>(), out version!))
            return PeerServer.Error(400, "M_INCOMPATIBLE_ROOM_VERSION");
        var node = asked.IsV1 ? json : json["event"]!;
        if (!Pdu.Parse(Encoding.UTF8.GetBytes(node.ToJsonString()), version).TryGet(out var parsed, out _) || parsed.Membership != Membership.Invite ||
            await server.Keys.VerifiedAsync(parsed) is not { } invite)
            return PeerServer.Error(400, "M_INVALID_PARAM");
        lock (server.Gate)
        {
            if (!server.Users.Names.ContainsKey(invite.StateKey!))
                return PeerServer.Error(404, "M_NOT_FOUND");
            var isInRoom = server.Rooms.TryGetValue(invite.RoomId, out var room) && room.Servers().Contains(server.Name);

            // In a room that this server is in the event itself comes too.
            if (server.Character != Character.Sloppy || !isInRoom)
                server.Users.Outside[(invite.RoomId, invite.StateKey!)] = Membership.Invite;
            var signed = new JsonObject { ["event"] = Acts.Node(EventSignatures.Sign(invite, server.ServerName, server.Key)) };
            return asked.IsV1 ? new Answer(200, $"[200,{signed.ToJsonString()}]") : Answers.Ok(signed);
        }
    }

    /// <summary>Somebody owns an address that was invited into a room of this server.</summary>
    public async Task<Answer> ExchangeAsync(Asked asked)
    {
        var json = asked.Json;
        var (user, sender) = (json["state_key"]!.GetValue<string>(), json["sender"]!.GetValue<string>());
        GraphRoom? room;
        Pdu invite;
        lock (server.Gate)
        {
            room = server.Rooms.GetValueOrDefault(asked.Path[0]);
            if (room is null)
                return PeerServer.Error(404, "M_NOT_FOUND");
            invite = server.Acts.Draft(room, sender, EventTypes.Member, user, json["content"]!.DeepClone().AsObject());
            if (!room.IsAllowed(invite, room.Current))
                return PeerServer.Error(403, "M_FORBIDDEN");
        }

        return await new Asking.Invitation(server).SendAsync(room, invite) ? Answers.Ok(new JsonObject()) : PeerServer.Error(403, "M_FORBIDDEN");
    }

    /// <summary>Signs what a room of which this is the policy server is sent.</summary>
    public Answer Policy(Asked asked)
    {
        foreach (var version in RoomVersion.All.Reverse())
        {
            lock (server.Gate)
            {
                if (Pdu.Parse(Encoding.UTF8.GetBytes(asked.Body), version).TryGet(out var pdu, out _) &&
                    server.Rooms.TryGetValue(pdu.RoomId, out var room) && room.Version == version)
                {
                    var signed = EventSignatures.Sign(pdu, server.ServerName, server.PolicyKey);
                    return Answers.Ok(new JsonObject { [server.Name] = Acts.Node(signed)["signatures"]![server.Name]!.DeepClone() });
                }
            }
        }

        return PeerServer.Error(404, "M_NOT_FOUND");
    }

    /// <summary>What others are told of a room before they are in it: since 1.16 whole events, before that a few members of them.</summary>
    public JsonArray GivenState(GraphRoom room)
    {
        var events = new[] { EventTypes.Create, EventTypes.JoinRules, EventTypes.Name, EventTypes.CanonicalAlias, EventTypes.Encryption }
            .Select(t => room.CurrentOf(t, "")).OfType<Pdu>();
        return server.Character is Character.Old or Character.Sloppy && !room.Version.InviteStateMustVerify
            ? new([.. events.Select(static p => (JsonNode)new JsonObject
            {
                ["type"] = p.Type,
                ["state_key"] = p.StateKey,
                ["sender"] = p.Sender,
                ["content"] = Acts.Node(p)["content"]!.DeepClone(),
            })])
            : Acts.Nodes(events);
    }

    /// <summary>Only members of another room may come in, and somebody who may invite vouches for that. Here each user is one.</summary>
    private static bool NeedsAuthoriser(GraphRoom room, string user) =>
        room.CurrentOf(EventTypes.JoinRules, "")?.GetContentString("join_rule"u8) == "restricted" && room.MembershipOf(user) is not ("join" or "invite");

    private string? AuthoriserOf(GraphRoom room) => server.Users.Names.Keys.FirstOrDefault(u => room.MembershipOf(u) == "join" &&
        room.IsAllowed(server.Acts.Draft(room, u, EventTypes.Member, "@anybody:elsewhere", new JsonObject { ["membership"] = "invite" }), room.Current));

    private JsonObject Joined(GraphRoom room, Pdu join, bool omitsMembers)
    {
        var state = room.Before(join.EventId);
        omitsMembers &= server.Character is not (Character.Old or Character.Sloppy);
        var given = HistoryAnswers.Nodes(room, state, !omitsMembers);
        var ids = state.Where(e => !omitsMembers || e.Key.Type != EventTypes.Member).Select(static e => e.Value);
        var answer = new JsonObject { ["origin"] = server.Name, ["state"] = given, ["auth_chain"] = Acts.Nodes(room.AuthChain([.. ids, join.EventId])) };
        if (join.HasContentMember("join_authorised_via_users_server"u8) || server.Character is Character.Honest or Character.Slow)
            answer["event"] = Acts.Node(join);
        if (server.Character is Character.Old or Character.Sloppy)
            return answer;
        answer["members_omitted"] = omitsMembers;
        answer["servers_in_room"] = new JsonArray([.. room.Servers().Select(static s => JsonValue.Create(s))]);
        return answer;
    }
}
