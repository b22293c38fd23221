using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Peers.Tests.Graph;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Peers.Tests.Asking;

/// <summary>How users of a server come into and leave rooms of others, by a server that is in them.</summary>
internal sealed class Entry(PeerServer server)
{
    private const string V1 = "/_matrix/federation/v1/";
    private const string V2 = "/_matrix/federation/v2/";

    /// <summary>What came of it: the membership, or null if the other server refused.</summary>
    /// <exception cref="CutException">The other server is not reached.</exception>
    public async Task<bool> RunAsync(string via, string roomId, string user, string membership)
    {
        var ids = $"{Uri.EscapeDataString(roomId)}/{Uri.EscapeDataString(user)}";
        var versions = string.Join('&', RoomVersion.All.Where(IsKnown).Select(static v => "ver=" + v.Id));
        var made = await server.AskAsync(via, "GET", $"{V1}make_{membership}/{ids}{(membership == "leave" ? "" : "?" + versions)}");
        if (Read(made) is not { } template || !RoomVersion.TryGet(template["room_version"]?.ToString() ?? "1", out var version))
            return false;
        var draft = template["event"]!;
        var content = server.Acts.Member(membership, user);
        if (draft["content"]?["join_authorised_via_users_server"] is { } authoriser)
            content["join_authorised_via_users_server"] = authoriser.DeepClone();
        var pdu = server.Acts.Build(
            version, roomId, user, EventTypes.Member, user, content, PeerRoom.Strings(draft["prev_events"]!), PeerRoom.Strings(draft["auth_events"]!),
            draft["depth"]!.GetValue<long>(), hashes: Hashes(draft["prev_events"]!, draft["auth_events"]!));
        var path = $"send_{membership}/{Uri.EscapeDataString(roomId)}/{Uri.EscapeDataString(pdu.EventId)}";
        var omits = membership == "join" && server.Character is Character.Honest or Character.Slow && server.Draw(2) == 0;
        var sent = await server.AskAsync(
            via, "PUT", (membership == "knock" ? V1 : V2) + path + (omits ? "?omit_members=true" : ""), Encoding.UTF8.GetString(pdu.Json.Span));
        if (sent.Status == 404 && membership != "knock")
            sent = await server.AskAsync(via, "PUT", V1 + path, Encoding.UTF8.GetString(pdu.Json.Span));
        if (Read(sent) is not { } answer)
            return false;
        if (answer is JsonArray versionOne)
            answer = versionOne[1]!;

        // A restricted join comes back with the signature of the server that let the user in.
        if (answer["event"] is JsonObject signed && Pdu.Parse(Encoding.UTF8.GetBytes(signed.ToJsonString()), version).TryGet(out var returned, out _) &&
            returned.EventId == pdu.EventId)
            pdu = returned;
        if (membership == "join")
            await AdoptAsync(via, pdu, version, answer);
        else
            lock (server.Gate)
                server.Users.Outside[(roomId, user)] = membership;
        return true;
    }

    private async Task AdoptAsync(string via, Pdu join, RoomVersion version, JsonNode answer)
    {
        var (known, state) = (new List<Pdu>(), new List<Pdu>());
        await ReadAsync(answer["auth_chain"], version, known);
        await ReadAsync(answer["state"], version, state);
        if (answer["members_omitted"]?.GetValue<bool>() == true)
        {
            var path = $"{V1}state/{Uri.EscapeDataString(join.RoomId)}?event_id={Uri.EscapeDataString(join.EventId)}";
            JsonNode? whole = null;
            for (var i = 0; whole is null; i++)
            {
                try
                {
                    var asked = await server.AskAsync(via, "GET", path);
                    whole = Read(asked);
                    Assert.True(whole is not null || i < 100, $"{path}: {asked.Status} {asked.Text}");
                }
                catch (CutException)
                {
                    await Task.Delay(100, server.Stopped);
                }
            }

            state.Clear();
            await ReadAsync(whole["pdus"], version, state);
            await ReadAsync(whole["auth_chain"], version, known);
        }

        lock (server.Gate)
        {
            if (!server.Rooms.TryGetValue(join.RoomId, out var room))
            {
                server.Rooms[join.RoomId] = room = new GraphRoom(join.RoomId, version)
                {
                    IgnoresRedactionsOfOthers = server.Character == Character.Sloppy && version.RedactsInContent,
                };
            }

            foreach (var pdu in known.Concat(state))
                room.AddOutlier(pdu);
            room.Restart(join, state.ToImmutableDictionary(static p => new StateKey(p.Type, p.StateKey!), static p => p.EventId));
            server.Users.Outside.Remove((join.RoomId, join.Sender));
        }
    }

    private async Task ReadAsync(JsonNode? list, RoomVersion version, List<Pdu> pdus)
    {
        foreach (var json in list as JsonArray ?? [])
        {
            if (Pdu.Parse(Encoding.UTF8.GetBytes(json!.ToJsonString()), version).TryGet(out var pdu, out _) &&
                await server.Keys.VerifiedAsync(pdu) is { } verified)
                pdus.Add(verified);
        }
    }

    private bool IsKnown(RoomVersion version) => server.Character != Character.Old || !version.IntegerPowerLevels;

    private static JsonNode? Read(Answer answer)
    {
        try
        {
            return answer.Status == 200 ? answer.Json : null;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    /// <summary>In rooms of versions 1 and 2 an event is named by a pair of id and hash.</summary>
    private static Dictionary<string, string> Hashes(params IEnumerable<JsonNode> lists)
    {
        var hashes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in lists.SelectMany(static l => l.AsArray()).OfType<JsonArray>())
            hashes[pair[0]!.GetValue<string>()] = pair[1]!["sha256"]!.GetValue<string>();
        return hashes;
    }
}
