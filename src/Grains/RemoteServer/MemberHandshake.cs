using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.RateLimiting;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// A local user's member event in a room that this server is not in: a resident server gives the template (make_*) and takes the signed event (send_*).
/// </summary>
internal sealed class MemberHandshake(RemoteServerServices services, string membership)
{
    private static readonly string s_versions = string.Join('&', RoomVersion.All.Select(v => "ver=" + v.Id));

    private const int MaxBytes = 4 * 1024 * 1024;
    private const int MaxReferences = 20;

    // One server that does not answer must not keep the user from trying the next.
    private static readonly TimeSpan s_makePatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_sendPatience = TimeSpan.FromSeconds(20);

    /// <summary>The membership: join, leave or knock.</summary>
    public string Kind => membership;

    /// <summary>The event, made by the server's template and signed.</summary>
    public async Task<Outcome<Pdu>> MakeAsync(string server, string roomId, string userId, ReadOnlyMemory<byte> content)
    {
        Caller.Set(userId);
        var path = $"{Uri.EscapeDataString(roomId)}/{Uri.EscapeDataString(userId)}";
        var query = membership == Membership.Leave ? "" : "?" + s_versions;
        if (!(await services.Api.GetAsync(server, $"/_matrix/federation/v1/make_{membership}/{path}{query}", patience: s_makePatience))
            .TryGet(out var template, out var error))
            return error;
        using (template)
            return Build(template.RootElement, roomId, userId, content);
    }

    /// <summary>Sends the event; answers the server's answer, which the caller disposes.</summary>
    public async Task<Outcome<JsonDocument>> SendAsync(string server, Pdu pdu)
    {
        var path = $"send_{membership}/{Uri.EscapeDataString(pdu.RoomId)}/{Uri.EscapeDataString(pdu.EventId)}";
        if (membership == Membership.Knock)
            return await services.Api.PutAsync(server, "/_matrix/federation/v1/" + path, pdu.Json, s_sendPatience, MaxBytes);
        var sent = await services.Api.PutAsync(server, "/_matrix/federation/v2/" + path, pdu.Json, s_sendPatience, MaxBytes);

        // "If the request fails with M_UNRECOGNIZED, fall back to v1", which old servers say by any 404 that has no other code.
        return sent.Error is { ErrCode: ErrCodes.Unrecognized }
            ? await services.Api.PutAsync(server, "/_matrix/federation/v1/" + path, pdu.Json, s_sendPatience, MaxBytes)
            : sent;
    }

    private Outcome<Pdu> Build(JsonElement made, string roomId, string userId, ReadOnlyMemory<byte> content)
    {
        var bad = MatrixError.Unknown("The server's template is not usable", 502);
        if (made.ValueKind != JsonValueKind.Object || !made.TryGetProperty("event"u8, out var template) || template.ValueKind != JsonValueKind.Object)
            return bad;

        // "the sending server MUST verify … In case any of the above checks fail, the response MUST be treated as malformed and discarded."
        if (JsonBytes.StringMember(template, "room_id") != roomId || JsonBytes.StringMember(template, "sender") != userId ||
            JsonBytes.StringMember(template, "state_key") != userId ||
            JsonBytes.StringMember(template, "type") != EventTypes.Member || !template.TryGetProperty("content"u8, out var given) ||
            JsonBytes.StringMember(given, "membership") != membership)
            return bad;

        // "room_version: If not provided, the room version is assumed to be either 1 or 2."
        if (!RoomVersion.TryGet(JsonBytes.StringMember(made, "room_version") ?? "1", out var version))
            return MatrixError.UnsupportedRoomVersion();
        if (Ids(template, "prev_events") is not { Count: > 0 } prev || Ids(template, "auth_events") is not { } auth ||
            !template.TryGetProperty("depth"u8, out var depth) || !JsonBytes.TryGetInteger(depth, out var level))
            return bad;
        var builder = new PduBuilder
        {
            Sender = userId,
            Type = EventTypes.Member,
            StateKey = userId,
            Content = membership == Membership.Join ? WithAuthoriser(content, given) : content,
            RoomId = roomId,
            PrevEvents = prev.Keys.ToList(),
            AuthEvents = auth.Keys.ToList(),
            ReferenceHashes = prev.Concat(auth).Where(r => r.Value is not null).DistinctBy(r => r.Key)
            .ToDictionary(r => r.Key, r => r.Value!, StringComparer.Ordinal),
            Depth = level,
            OriginServerTs = services.Now,
            EventId = version.EventIdFormat == EventIdFormat.Given ? $"${Protocol.RandomText.Base62(services.Random, 24)}:{services.Server.Name}" : null,
        };
        return builder.Build(version, services.Server.Name, services.Server.Key);
    }

    /// <summary>Event ids with their hashes, which the references of room versions 1 and 2 carry; null if malformed.</summary>
    private static Dictionary<string, string?>? Ids(JsonElement template, string name)
    {
        if (!template.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxReferences)
            return null;
        var ids = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var item in list.EnumerateArray())
        {
            var isPair = item.ValueKind == JsonValueKind.Array && item.GetArrayLength() == 2 && item[1].ValueKind == JsonValueKind.Object;
            var id = isPair ? item[0] : item;
            if (id.ValueKind != JsonValueKind.String || !EventId.TryParse(id.GetString(), out _))
                return null;
            ids[id.GetString()!] = isPair ? JsonBytes.StringMember(item[1], "sha256") : null;
        }

        return ids;
    }

    // S-S API, Restricted rooms: the resident server says in whose name the join is allowed.
    private static ReadOnlyMemory<byte> WithAuthoriser(ReadOnlyMemory<byte> content, JsonElement given)
    {
        const string Authoriser = "join_authorised_via_users_server";
        if (JsonBytes.StringMember(given, Authoriser) is not { } authoriser)
            return content;
        using var document = JsonText.Parse(content);
        return JsonBytes.Object(writer =>
        {
            JsonBytes.CopyMembers(writer, document.RootElement, Authoriser);
            writer.WriteString(Authoriser, authoriser);
        });
    }
}

/// <summary>What a resident server answers to a member event.</summary>
internal static class SentMembership
{
    /// <summary>The object of an answer: itself, or from v1 the second of a pair.</summary>
    public static JsonElement BodyOf(JsonDocument answer) => answer.RootElement.ValueKind switch
    {
        JsonValueKind.Object => answer.RootElement,
        JsonValueKind.Array when answer.RootElement.GetArrayLength() == 2 && answer.RootElement[1].ValueKind == JsonValueKind.Object => answer.RootElement[1],
        _ => default,
    };
}
