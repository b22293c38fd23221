using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.Room.Creating;

/// <summary><c>POST /createRoom</c>: works out the room's first events, in the order that the specification gives.</summary>
internal sealed class RoomFactory(IGrainFactory grains, RoomServices services)
{
    private const int MaxInvites = 100;
    private const int MaxInitialState = 200;
    private readonly Profiles _profiles = new(grains, services.Server, services.Time);
    private readonly InvitePermission _permission = new(services);

    public async Task<Outcome<string>> CreateAsync(RoomRequest request)
    {
        var creator = request.Requester.UserId;
        if (!RoomVersion.TryGet(request.RoomVersion ?? services.DefaultRoomVersion, out var version))
            return MatrixError.UnsupportedRoomVersion();
        var isPublic = request.Visibility == "public";
        if (RoomPreset.Of(request.Preset, isPublic) is not { } preset)
            return MatrixError.InvalidParam("Unknown preset");
        if (await FindFaultAsync(request) is { } fault)
            return fault;
        string? alias = null;
        if (request.AliasLocalpart is { } localpart && !TryMakeAlias(localpart, out alias))
            return MatrixError.InvalidParam("room_alias_name is not valid");
        if (alias is not null && (await grains.GetGrain<IRoomAliasGrain>(alias).Resolve()).Ok)
            return MatrixError.RoomInUse();

        if (!TryParse(request.CreationContent, out var creation) || !TryParse(request.PowerLevels, out var levels))
            return MatrixError.BadJson("creation_content and power_level_content_override must be objects");
        var trusted = preset.TrustsInvited ? request.Invites : [];
        var creationContent = CreationContent(version, creation, trusted);
        var drafts = await DraftAsync(request, version, preset, levels, alias, trusted);
        var founded = await new RoomFounder(grains, services).FoundAsync(version, creator, creationContent, drafts, isPublic, alias);
        if (!founded.Ok)
            return founded;
        // What the creator had set for a room that this one says it replaces goes on here (C-S API, Room upgrades, Server behaviour).
        if (Predecessor(creation) is { } old && old != founded.Value)
            await grains.GetGrain<IUserGrain>(creator).FollowUpgrade(RoomId.Parse(old), founded.Value);
        await InviteRemoteUsersAsync(request, founded.Value);
        return founded;
    }

    private async Task<MatrixError?> FindFaultAsync(RoomRequest request)
    {
        if (request.Requester.Suspended)
            return MatrixError.UserSuspended();
        if (request.InvitesByThirdPartyId > 0)
            return new MatrixError(ErrCodes.ThreepidMediumNotSupported, 400, "This server cannot invite by third-party identifiers");
        if (request.Invites.Length > MaxInvites || request.InitialState.Length > MaxInitialState)
            return MatrixError.InvalidParam($"At most {MaxInvites} invites and {MaxInitialState} state events");
        if (request.Visibility is not (null or "public" or "private"))
            return MatrixError.InvalidParam("Unknown visibility");
        foreach (var invited in request.Invites)
        {
            if (!UserId.IsValid(invited))
                return MatrixError.InvalidParam("Not a user ID");
            if (await _permission.FindFaultAsync(invited) is { } blocked)
                return blocked;
        }

        return request.InitialState.Any(d => d.Type == EventTypes.Create) ? MatrixError.InvalidParam("initial_state may not have m.room.create") : null;
    }

    private bool TryMakeAlias(string localpart, out string? alias)
    {
        alias = $"#{localpart}:{services.Server.Name}";
        // The localpart ends at the first colon.
        return localpart.Length > 0 && !localpart.Contains(':') && RoomAlias.IsValid(alias);
    }

    private static bool TryParse(ReadOnlyMemory<byte>? json, out JsonElement element)
    {
        element = default;
        return json is null || JsonBytes.TryParseObject(json.Value, out element);
    }

    private static string? Predecessor(JsonElement creation) =>
        creation.ValueKind == JsonValueKind.Object && creation.TryGetProperty("predecessor"u8, out var predecessor) &&
            JsonBytes.StringMember(predecessor, "room_id") is { } id && RoomId.IsValid(id) ? id : null;

    // Room v12: in a trusted private chat the invited users are creators too (C-S API, createRoom, preset).
    private static ReadOnlyMemory<byte> CreationContent(RoomVersion version, JsonElement given, ImmutableArray<string> trusted) => JsonBytes.Object(writer =>
    {
        if (!version.PrivilegedCreators || trusted.IsEmpty)
        {
            JsonBytes.CopyMembers(writer, given);
            return;
        }

        JsonBytes.CopyMembers(writer, given, "additional_creators");
        var creators = new List<string>();
        if (given.ValueKind == JsonValueKind.Object && given.TryGetProperty("additional_creators", out var named) && named.ValueKind == JsonValueKind.Array)
            creators.AddRange(named.EnumerateArray().Where(c => c.ValueKind == JsonValueKind.String).Select(c => c.GetString()!));
        writer.WriteStartArray("additional_creators"u8);
        foreach (var creator in creators.Concat(trusted).Distinct(StringComparer.Ordinal))
            writer.WriteStringValue(creator);
        writer.WriteEndArray();
    });

    private async Task<ImmutableArray<StateDraft>> DraftAsync(
        RoomRequest request, RoomVersion version, RoomPreset preset, JsonElement levels, string? alias, ImmutableArray<string> trusted)
    {
        var creator = request.Requester.UserId;
        var admins = version.PrivilegedCreators ? [] : trusted.Prepend(creator).Distinct(StringComparer.Ordinal);
        var drafts = ImmutableArray.CreateBuilder<StateDraft>();
        drafts.Add(new StateDraft(EventTypes.Member, creator, MemberContent.Write(Membership.Join, await _profiles.GetAsync(creator), null)));
        drafts.Add(new StateDraft(EventTypes.PowerLevels, "", PowerLevelDefaults.Write(version, admins, levels, inviteLevel: preset.InviteLevel)));
        if (alias is not null)
            drafts.Add(Draft(EventTypes.CanonicalAlias, "alias", alias));
        foreach (var draft in new[]
        {
            Draft(EventTypes.JoinRules, "join_rule", preset.JoinRule),
            Draft(EventTypes.HistoryVisibility, "history_visibility", preset.HistoryVisibility),
            Draft(EventTypes.GuestAccess, "guest_access", preset.GuestAccess),
        })
        {
            // Events of initial_state come after these and win: then the preset's would only be noise.
            if (!request.InitialState.Any(d => d.Type == draft.Type && d.StateKey.Length == 0))
                drafts.Add(draft);
        }

        drafts.AddRange(request.InitialState);
        if (request.Name is { } name)
            drafts.Add(Draft(EventTypes.Name, "name", name));
        if (request.Topic is { } topic)
            drafts.Add(new StateDraft(EventTypes.Topic, "", TopicContent(topic)));
        foreach (var invited in request.Invites.Where(services.Server.IsLocalUser).Distinct(StringComparer.Ordinal))
        {
            var profile = await _profiles.GetAsync(invited);
            drafts.Add(new StateDraft(EventTypes.Member, invited, MemberContent.Write(Membership.Invite, profile, null, request.IsDirect)));
        }

        return drafts.ToImmutable();
    }

    private static StateDraft Draft(string type, string name, string value) =>
        new(type, "", JsonBytes.Object(writer => writer.WriteString(name, value)));

    // C-S API, createRoom, topic: "the server SHOULD also set m.topic" with a text/plain representation.
    private static ReadOnlyMemory<byte> TopicContent(string topic) => JsonBytes.Object(writer =>
    {
        writer.WriteStartObject("m.topic"u8);
        writer.WriteStartArray("m.text"u8);
        writer.WriteStartObject();
        writer.WriteString("body"u8, topic);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteString("topic"u8, topic);
    });

    // Their servers have to sign first. One that cannot be reached does not undo the room, and holds up few others' invites.
    private async Task InviteRemoteUsersAsync(RoomRequest request, string roomId)
    {
        // Each that is under way at once is a branch of the room's history.
        const int AtOnce = 10;
        foreach (var some in request.Invites.Where(u => !services.Server.IsLocalUser(u)).Distinct(StringComparer.Ordinal).Chunk(AtOnce))
        {
            await Task.WhenAll(some.Select(invited => grains.GetGrain<IRoomGrain>(roomId).ChangeMembership(
                new MembershipChange(request.Requester, MembershipAction.Invite, invited, IsDirect: request.IsDirect))));
        }
    }
}
