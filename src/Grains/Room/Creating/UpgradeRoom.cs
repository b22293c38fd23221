using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Grains.Room.Policy;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.Room.Creating;

/// <summary><c>POST /rooms/{roomId}/upgrade</c> (C-S API, Room upgrades, server behaviour).</summary>
internal sealed class UpgradeRoom(IGrainFactory grains, RoomServices services, IRemoteRooms remote)
{
    private const long Admin = 100;

    // "transferable state events", with the room's kind of membership control: who is banned stays so.
    private static readonly string[] s_copied =
    [
        EventTypes.JoinRules, EventTypes.HistoryVisibility, EventTypes.GuestAccess, EventTypes.Name, EventTypes.Topic, EventTypes.Avatar,
        EventTypes.Encryption, EventTypes.ServerAcl, EventTypes.SpaceChild, EventTypes.SpaceParent,
    ];

    public async Task<Outcome<string>> RunAsync(RoomActivation activation, RoomUpgrade upgrade)
    {
        if (!RoomVersion.TryGet(upgrade.NewVersion, out var version))
            return MatrixError.UnsupportedRoomVersion();
        ImmutableArray<string> creators = version.PrivilegedCreators && !upgrade.AdditionalCreators.IsDefault ? upgrade.AdditionalCreators : [];
        if (!creators.All(c => UserId.IsValid(c)))
            return MatrixError.InvalidParam("additional_creators must be user IDs");
        var user = upgrade.Requester.UserId;
        var old = await activation.ReadAsync(room => ReadAsync(room, user, version, creators));
        if (!old.TryGet(out var plan, out var refused))
            return refused;
        var profile = await new Profiles(grains, services.Server, services.Time).GetAsync(user);
        ImmutableArray<StateDraft> drafts = [new StateDraft(EventTypes.Member, user, MemberContent.Write(Membership.Join, profile, null)), .. plan.Drafts];
        var founded = await new RoomFounder(grains, services)
            .FoundAsync(version, user, plan.CreationContent, drafts, isPublic: false, alias: null, plan.RoomId);
        if (founded.Error is { } failed)
            return failed;
        return await CloseAsync(activation, user, founded.Value, plan.Tombstone) is { } fault ? fault : founded.Value;
    }

    /// <summary>What to do, and for versions in which a room's id can be chosen the id, with the tombstone that names it and that the new room names.</summary>
    private sealed record Plan(ReadOnlyMemory<byte> CreationContent, ImmutableArray<StateDraft> Drafts, string? RoomId, Pdu? Tombstone);

    private static async ValueTask<Outcome<Plan>> ReadAsync(ActiveRoom? room, string user, RoomVersion version, ImmutableArray<string> creators)
    {
        if (room is null)
            return MatrixError.NotFound("Unknown room");
        // Only who may close the old room may open its successor. The event is not sent yet.
        var successor = RoomFounder.NewRoomId(room.Services);
        var built = await BuildLocalEvent.RunAsync(room, Tombstone(user, successor) with { IsTrial = true });
        if (!built.TryGet(out var local, out var refused))
            return refused;
        var tombstone = version.RoomIdIsCreateHash ? null : local.Pdu;
        var entries = await room.Map.ListAsync(room.Current.Root, StatePart.NonMembers);
        var members = await room.Map.ListAsync(room.Current.Root, StatePart.Members);
        var events = await room.Events.GetManyAsync(entries.Concat(members).Select(e => e.EventId));
        var state = events.Values.Select(e => e.Pdu).ToList();
        var drafts = ImmutableArray.CreateBuilder<StateDraft>();
        var levels = state.Find(p => p.Type == EventTypes.PowerLevels && p.StateKey!.Length == 0);

        // First the upgrader's own level, so that all else can be sent; the old room's levels come last. Nobody can give more power than their own, so the
        // first one, which no rule bounds, is the highest of all.
        var highest = levels is null ? Admin : Math.Max(Admin, Highest(levels.Content));
        drafts.Add(new StateDraft(EventTypes.PowerLevels, "", PowerLevelDefaults.Write(version, version.PrivilegedCreators ? [] : [user], default, highest)));
        foreach (var pdu in state.Where(p => s_copied.Contains(p.Type)).OrderBy(p => Array.IndexOf(s_copied, p.Type)))
            drafts.Add(new StateDraft(pdu.Type, pdu.StateKey!, pdu.ContentJson));
        foreach (var banned in state.Where(p => p.Type == EventTypes.Member && p.Membership == Membership.Ban && p.StateKey != user))
            drafts.Add(new StateDraft(EventTypes.Member, banned.StateKey!, banned.ContentJson));
        if (levels is not null)
            drafts.Add(new StateDraft(
                EventTypes.PowerLevels, "", Levels(levels.Content, version, creators.Add(user), room.Current.PowerLevels.PrivilegedCreators, highest)));
        var create = state.Find(p => p.Type == EventTypes.Create)!;
        return new Plan(CreationContent(create, version, creators, tombstone), drafts.ToImmutable(), tombstone is null ? null : successor, tombstone);
    }

    private static ReadOnlyMemory<byte> CreationContent(
        Pdu create, RoomVersion version, ImmutableArray<string> creators, Pdu? tombstone) => JsonBytes.Object(writer =>
    {
        JsonBytes.CopyMembers(writer, create.Content, "creator", "room_version", "predecessor", "additional_creators");
        if (version.PrivilegedCreators && !creators.IsEmpty)
        {
            writer.WriteStartArray("additional_creators"u8);
            foreach (var creator in creators)
                writer.WriteStringValue(creator);
            writer.WriteEndArray();
        }

        writer.WriteStartObject("predecessor"u8);
        if (tombstone is not null)
            writer.WriteString("event_id"u8, tombstone.EventId);
        writer.WriteString("room_id"u8, create.RoomId);
        writer.WriteEndObject();
    });

    // From v12 on creators may not be named, and closing the room must take more than other state. Before, those who had infinite power in the old room get
    // the highest level there is.
    private static ReadOnlyMemory<byte> Levels(
        JsonElement levels, RoomVersion version, ImmutableArray<string> creators, IReadOnlySet<string> oldCreators, long highest) => JsonBytes.Object(writer =>
    {
        JsonBytes.CopyMembers(writer, levels, "users", "events");
        writer.WriteStartObject("users"u8);
        if (levels.TryGetProperty("users", out var users))
            JsonBytes.CopyMembers(writer, users, version.PrivilegedCreators ? [.. creators] : [.. oldCreators]);
        foreach (var creator in version.PrivilegedCreators ? [] : oldCreators.AsEnumerable())
            writer.WriteNumber(creator, highest);
        writer.WriteEndObject();
        writer.WriteStartObject("events"u8);
        if (levels.TryGetProperty("events", out var events))
            JsonBytes.CopyMembers(writer, events, version.PrivilegedCreators ? [EventTypes.Tombstone] : []);
        if (version.PrivilegedCreators)
            writer.WriteNumber(EventTypes.Tombstone, 150);
        writer.WriteEndObject();
    });

    private static long Highest(JsonElement levels)
    {
        var highest = long.MinValue;
        foreach (var member in levels.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Object)
                highest = Math.Max(highest, Highest(member.Value));
            else if (member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt64(out var level))
                highest = Math.Max(highest, level);
        }

        return highest;
    }

    private static EventDraft Tombstone(string user, string successor) => new(user, EventTypes.Tombstone, "", JsonBytes.Object(writer =>
    {
        writer.WriteString("body"u8, "This room has been replaced");
        writer.WriteString("replacement_room"u8, successor);
    }));

    // The tombstone, the move of the local aliases and of the place in the public list are one commit of the old room.
    private async Task<MatrixError?> CloseAsync(RoomActivation activation, string user, string successor, Pdu? prepared)
    {
        var belongings = await RoomBelongings.ReadAsync(activation);
        if (prepared is not null)
            prepared = await PolicySigning.SignAsync(activation, remote, prepared);
        var closed = await PolicySigning.RunAsync(activation, remote, current => current.ChangeAsync<string>(async (room, unit) =>
        {
            if (await AppendTombstoneAsync(room, unit, user, successor, prepared) is { } refused)
                return refused;
            belongings.Move(unit.Unit, successor);
            return successor;
        }));
        if (closed.Error is { } fault)
            return fault;
        await SilenceAsync(activation, user);
        await MoveCanonicalAliasAsync(activation, user, successor);
        await grains.GetGrain<IUserGrain>(user).FollowUpgrade(RoomId.Parse(activation.RoomId), successor);
        return null;
    }

    // What was built before the new room was may have been overtaken by other events: then it stands beside them.
    private static async ValueTask<MatrixError?> AppendTombstoneAsync(ActiveRoom room, RoomUnit unit, string user, string successor, Pdu? prepared)
    {
        if (prepared is not null)
        {
            var verdict = await ReceivePdu.RunAsync(room, unit, prepared, default, distribute: true);
            return verdict.Verdict is PduVerdict.Accepted or PduVerdict.Duplicate ? null : MatrixError.Forbidden(verdict.Reason ?? "The room has changed");
        }

        var built = await BuildLocalEvent.RunAsync(room, Tombstone(user, successor));
        if (!built.TryGet(out var local, out var error))
            return error;
        await unit.AppendAsync(local.Pdu, local.Before, EventOrigin.None, distribute: true);
        return null;
    }

    // "the power levels of the old room SHOULD be changed to prevent sending of events and inviting of users", if that is possible.
    private Task<Outcome<string>> SilenceAsync(RoomActivation activation, string user) =>
        PolicySigning.RunAsync(activation, remote, current => current.ChangeAsync<string>(async (room, unit) =>
    {
        if (await room.Current.FindAsync(EventTypes.PowerLevels, "") is not { } present)
            return MatrixError.NotFound("No power levels");
        await room.Current.LoadAsync();
        var levels = room.Current.PowerLevels;
        var raised = Math.Max(50, levels.UsersDefault + 1);
        var content = JsonBytes.Object(writer =>
        {
            JsonBytes.CopyMembers(writer, present.Content, "events_default", "invite");
            writer.WriteNumber("events_default"u8, Math.Max(levels.EventsDefault, raised));
            writer.WriteNumber("invite"u8, Math.Max(levels.Invite, raised));
        });
        var outcome = await Sending.SetState.AppendAsync(room, unit, new EventDraft(user, EventTypes.PowerLevels, "", content));
        return outcome.Ok || outcome.Error is PolicySignatureWanted ? outcome : present.EventId;
    }));

    private async Task MoveCanonicalAliasAsync(RoomActivation activation, string user, string successor)
    {
        var canonical = await activation.ReadAsync(async room => (await room!.Current.FindAsync(EventTypes.CanonicalAlias, ""))?.ContentJson);
        if (canonical is not { } content)
            return;
        var requester = new Requester(UserId.Parse(user), "");
        await grains.GetGrain<IRoomGrain>(successor).SetState(new StateToSet(requester, EventTypes.CanonicalAlias, "", content));
        await grains.GetGrain<IRoomGrain>(activation.RoomId).SetState(new StateToSet(requester, EventTypes.CanonicalAlias, "", JsonBytes.Empty));
    }
}
