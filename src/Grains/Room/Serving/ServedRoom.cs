using System.Collections.Immutable;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Visibility;
using OrleansMatrix.Storage;
using Visible = OrleansMatrix.Protocol.Visibility.HistoryVisibility;

namespace OrleansMatrix.Grains.Room.Serving;

/// <summary>One room as one request of another server reads it.</summary>
internal sealed class ServedRoom
{
    private readonly Dictionary<StateNodeId, Sight> _sight = [];
    private readonly string _server;
    private readonly IReadOnlySet<string> _partial;

    private ServedRoom(RoomView room, string server, IReadOnlySet<string> partial) => (Room, _server, _partial) = (room, server, partial);

    public RoomView Room { get; }

    /// <summary>M_NOT_FOUND if the room is not here, M_FORBIDDEN if the server is not in it or is denied by its ACL.</summary>
    public static async ValueTask<Outcome<ServedRoom>> OpenAsync(ReadServices services, string roomId, string server)
    {
        if (await RoomView.OpenAsync(services, roomId) is not { } room || await services.Storage.Rooms.GetAsync(roomId) is not { } row)
            return MatrixError.NotFound("Unknown room");
        if ((await services.Storage.Memberships.ServersAsync(roomId)).All(s => s.Server != server))
            return MatrixError.Forbidden("The server is not in the room");
        if (await room.StateEventAsync(row.State, EventTypes.ServerAcl, "") is { } acl && !ServerAcl.Parse(acl.Content).IsAllowed(server))
            return MatrixError.Forbidden("The server is denied by m.room.server_acl");
        var partial = await services.Storage.PartialRooms.GetAsync(roomId);
        return new ServedRoom(room, server, partial?.Events.ToHashSet(StringComparer.Ordinal) ?? (IReadOnlySet<string>)ImmutableHashSet<string>.Empty);
    }

    /// <summary>The state before the event lacks members (ADR 0034): it is for those to tell who know them.</summary>
    public bool IsPartial(string eventId) => _partial.Contains(eventId);

    /// <summary>
    /// False for an event whose state lacks members, where it hangs on them whether the server may see it: given redacted it would stay so there, and another
    /// server can tell.
    /// </summary>
    public async ValueTask<bool> CanJudgeAsync(EventRow row) =>
        row is not { StateKey: null, StateBefore: { } before } || !IsPartial(row.EventId) || await SightAsync(before) is { IsOfMembers: false } or { Sees: true };

    /// <summary>
    /// The event as the server may have it: redacted if none of its users may see it (S-S API, Backfilling and retrieving missing events), or if its sender's
    /// account was erased (C-S API, account/deactivate; who was there has been sent it, or asks another server). State is never redacted: authorization needs
    /// it.
    /// </summary>
    public async ValueTask<ReadOnlyMemory<byte>> RenderAsync(EventRow row)
    {
        var pdu = Room.Parse(row);
        return row.StateKey is not null || (!Room.Services.Erased.Cover(row) && await MaySeeAsync(row)) ? pdu.Json : Redaction.Redact(pdu).Json;
    }

    /// <summary>Whether a user of the server may see the event.</summary>
    public async ValueTask<bool> MaySeeAsync(EventRow row)
    {
        if (row.StateBefore is { } before)
            return (await SightAsync(before)).Sees;
        // Of an event fetched for a gap, whose state is not known, the visibility of the next event that has one decides; nobody is known to have been there.
        return row.Order is { } place &&
            VisibilityRules.MayServerSee(await VisibilityAsync(await Room.StateAfterAsync(place)), hasJoined: false, hasInvited: false);
    }

    private async ValueTask<Visible> VisibilityAsync(StateNodeId state) =>
        HistoryVisibilities.Of(await Room.StateEventAsync(state, EventTypes.HistoryVisibility, ""));

    private async ValueTask<Sight> SightAsync(StateNodeId before)
    {
        if (_sight.TryGetValue(before, out var known))
            return known;
        var visibility = await VisibilityAsync(before);
        var (joined, invited) = (false, false);
        if (visibility is Visible.Joined or Visible.Invited)
        {
            var own = (await Room.Services.States.ListAsync(before, StatePart.Members))
                .Where(e => e.StateKey.EndsWith(":" + _server, StringComparison.Ordinal));
            foreach (var row in await Room.FindManyAsync([.. own.Select(e => e.EventId)]))
            {
                var membership = Room.Parse(row).Membership;
                joined |= membership == Membership.Join;
                invited |= membership == Membership.Invite;
            }
        }

        return _sight[before] = new Sight(VisibilityRules.MayServerSee(visibility, joined, invited), visibility is Visible.Joined or Visible.Invited);
    }

    /// <summary>What a state lets the server see of what was said then.</summary>
    /// <param name="IsOfMembers">It hangs on who of the server's users was there.</param>
    private readonly record struct Sight(bool Sees, bool IsOfMembers);
}
