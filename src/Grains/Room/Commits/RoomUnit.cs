using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>
/// One commit of a room in the making: each event that is put in changes the room's memory at once and its rows when the unit is committed. What fails
/// half-way leaves memory that must be thrown away.
/// </summary>
internal sealed class RoomUnit(ActiveRoom room, Fence fence)
{
    private static readonly Dictionary<string, string> s_noRows = [];
    private readonly RoomSummaryRow _summaryBefore = room.Summary;
    private readonly List<KnownEvent> _events = [];
    private readonly DeviceNeighbours _neighbours = new(room);
    private PositionSlot? _last;
    private bool _isChanged;
    private bool _membersChanged;

    /// <summary>The rows, for further writes that belong to the same commit.</summary>
    public WriteUnit Unit { get; } = new(fence);

    /// <summary>True while nothing was put in, so that the room's memory is as it was.</summary>
    public bool IsUntouched => Unit.IsEmpty;

    /// <summary>An event that the pipeline accepted: it goes to the end of the room's history.</summary>
    /// <param name="pdu">The event; its previous events are known.</param>
    /// <param name="before">The state before it.</param>
    /// <param name="origin">The local device and transaction that made it.</param>
    /// <param name="distribute">Whether this server has to send it to the other servers of the room.</param>
    /// <param name="isFollowed">Events of the history follow it already: it is no extremity.</param>
    /// <param name="outlier">What was known of it before.</param>
    public async ValueTask AppendAsync(
        Pdu pdu, StateView before, EventOrigin origin, bool distribute, bool isFollowed = false, KnownEvent? outlier = null)
    {
        // Of a redaction that was redacted, what it redacts may be left out.
        var redaction = pdu is { Type: EventTypes.Redaction, Redacts: not null } ? pdu : null;
        pdu = Kept(pdu, outlier);
        var stateBefore = before.Root;
        var stateAfter = await StateAfter.OfAsync(room, pdu, stateBefore);
        var slot = Unit.NextPosition(ChangeKind.RoomEvent, room.RoomId);
        _last = slot;
        _isChanged = true;
        if (pdu.IsState)
            await room.Events.GetManyAsync(pdu.AuthEvents);
        var generation = room.Events.GenerationOf(pdu);
        var row = Row(pdu, EventStatus.None, stateBefore, generation) with { DeviceId = origin.DeviceId, TransactionId = origin.TransactionId };
        room.Services.Storage.Events.AppendLive(Unit, row, slot);
        Judged(new KnownEvent(pdu, EventStatus.None, stateBefore, generation, IsRedacted(outlier)));
        if (redaction is not null)
            await Redactions.ApplyAsync(room, this, redaction, before.PowerLevels);

        var isAlone = !pdu.IsState && room.Servers.Count <= 1 && room.IsResident;
        var destinations = distribute && !isAlone ? room.Servers.Keys.ToHashSet(StringComparer.Ordinal) : null;
        var invited = distribute ? null : await FindInvitedServerAsync(pdu, before);
        Follow(pdu);
        var extremities = await NotFollowedAsync(pdu);
        isFollowed &= extremities.Count > 0;
        if (!isFollowed)
            extremities.Add(new Extremity(pdu.EventId, pdu.Depth, stateAfter));
        room.Extremities = extremities;
        await MoveCurrentStateAsync(pdu, stateBefore, stateAfter, isFollowed);
        if (destinations is not null)
            Distribute(pdu, destinations, slot);
        else if (invited is not null)
            room.Services.Storage.Outbox.Enqueue(Unit, [invited], new OutboxItem(OutboxKind.Pdu, room.RoomId, pdu.EventId), slot);
    }

    /// <summary>
    /// The server of a user whom a local one had invited and somebody of another server turns away: it is not in the room, and believes best the server that
    /// invites (ADR 0130).
    /// </summary>
    private async ValueTask<string?> FindInvitedServerAsync(Pdu pdu, StateView before)
    {
        if (pdu is not { Type: EventTypes.Member, Membership: Membership.Leave or Membership.Ban, StateKey: { } user } || user == pdu.Sender)
            return null;
        var server = user[(user.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return !room.Servers.ContainsKey(server) && server != room.Services.Server.Name.Value && !pdu.SenderDomain.SequenceEqual(server) &&
            await before.FindAsync(EventTypes.Member, user) is { Membership: Membership.Invite } invite && room.Services.Server.IsLocalUser(invite.Sender)
            ? server : null;
    }

    /// <summary>Remembers that events are missing before the event that was put in last.</summary>
    public void AddGap(IReadOnlyCollection<string> missing)
    {
        room.Services.Storage.Events.AddBackwardExtremities(Unit, room.RoomId, missing, _last!.Value);
        room.Events.AddMissing(missing);
    }

    /// <summary>An event that gets no place in the room's history: an outlier, a rejected or a soft-failed one.</summary>
    /// <param name="outlier">What was known of it before.</param>
    /// <param name="isWhole">The state before it lacks no members, though the room's may.</param>
    public void AddAside(Pdu pdu, EventStatus status, StateNodeId? stateBefore, KnownEvent? outlier, bool isWhole = false)
    {
        pdu = Kept(pdu, outlier);
        var generation = room.Events.GenerationOf(pdu);
        room.Services.Storage.Events.AddHistoric(Unit, Row(pdu, status, stateBefore, generation));
        Judged(new KnownEvent(pdu, status, stateBefore, generation, IsRedacted(outlier)), isWhole);
    }

    /// <summary>An event fetched for a gap.</summary>
    /// <param name="outlier">What was known of it before.</param>
    /// <param name="isWhole">The state before it lacks no members, though the room's may.</param>
    public void AddToGap(Pdu pdu, HistoryOrder place, StateNodeId? stateBefore, KnownEvent? outlier, bool isWhole)
    {
        pdu = Kept(pdu, outlier);
        var generation = room.Events.GenerationOf(pdu);
        room.Services.Storage.Events.AddHistoric(Unit, Row(pdu, EventStatus.None, stateBefore, generation) with { Order = place });
        Judged(new KnownEvent(pdu, EventStatus.None, stateBefore, generation, IsRedacted(outlier), IsHistoric: true), isWhole);
        Follow(pdu);
    }

    /// <summary>The event that was put in the history last is followed by none that is known.</summary>
    public void AddDetached(Pdu pdu)
    {
        room.Services.Storage.Events.AddDetached(Unit, room.RoomId, pdu.EventId);
        room.Detached.Add(pdu.EventId);
    }

    /// <summary>An event that was fetched by itself comes as others do: it gets its place anew.</summary>
    public void ReplaceDetached(Pdu pdu)
    {
        if (!room.Detached.Contains(pdu.EventId))
            return;
        room.Services.Storage.Events.Displace(Unit, pdu.EventId);
        Attach(pdu.EventId);
    }

    private void Attach(string eventId)
    {
        if (room.Detached.Remove(eventId))
            room.Services.Storage.Events.RemoveDetached(Unit, room.RoomId, eventId);
    }

    private void Follow(Pdu pdu)
    {
        if (room.Detached.Count == 0)
            return;
        foreach (var id in pdu.PrevEvents)
            Attach(id);
    }

    /// <summary>Events that others of the history lead back to were put in a gap: what they follow is no extremity any more.</summary>
    public async ValueTask FollowAsync(IEnumerable<Pdu> placed)
    {
        var followed = placed.SelectMany(p => p.PrevEvents).ToHashSet(StringComparer.Ordinal);
        var left = room.Extremities.Where(e => !followed.Contains(e.EventId)).ToList();
        if (left.Count == room.Extremities.Count || left.Count == 0)
            return;
        var resolved = await Receiving.ResolveState.OfAsync(room, [.. left.Select(e => e.StateAfter)]);
        if (resolved != room.Current.Root)
        {
            await SetExtremitiesAsync(left, resolved, s_noRows);
            return;
        }

        room.Extremities = left;
        _isChanged = true;
    }

    /// <summary>Puts a redacted event in the place of the whole one.</summary>
    public async ValueTask RedactAsync(KnownEvent target, Pdu redacted, string redactionId)
    {
        room.Services.Storage.Events.Redact(Unit, redacted.EventId, redacted.Json, redactionId);
        Remember(target with { Pdu = redacted, IsRedacted = true });
        // What was redacted by an event without a place of its own is news all the same.
        _last ??= Unit.NextPosition(ChangeKind.RoomEvent, room.RoomId);
        if (redacted.StateKey is not { } stateKey || await room.Map.GetAsync(room.Current.Root, redacted.Type, stateKey) != redacted.EventId)
            return;
        room.Current.Reload(redacted.Type, stateKey);
        room.Summary = SummaryUpdate.With(room.Summary, redacted.Type, stateKey, redacted);
        if (redacted.Type != EventTypes.Member)
            return;
        await PutMemberAsync(stateKey, redacted);
    }

    /// <summary>Keeps an event that cannot be judged yet.</summary>
    public void Stage(Pdu pdu, string origin)
    {
        room.Services.Storage.StagedPdus.Put(Unit, new StagedPduRow(room.RoomId, pdu.EventId, origin, pdu.Json, room.Services.Now));
        room.Staged.Add(pdu, origin);
    }

    /// <summary>The event is judged, or not to be judged any more.</summary>
    public void Unstage(Pdu pdu)
    {
        room.Services.Storage.StagedPdus.Delete(Unit, room.RoomId, pdu.EventId);
        room.Staged.Remove(pdu);
    }

    /// <summary>Forgets all events that wait to be judged.</summary>
    public void UnstageAll()
    {
        if (room.Staged.EventIds.Count == 0)
            return;
        room.Services.Storage.StagedPdus.DeleteRoom(Unit, room.RoomId);
        room.Staged.Clear();
    }

    /// <summary>Judges an event anew, the state before it being known better.</summary>
    public void Restate(KnownEvent known)
    {
        room.Services.Storage.Events.SetState(Unit, known.Pdu.EventId, known.StateBefore!.Value, known.Status);
        Judged(known);
    }

    /// <summary>Puts other extremities and another current state in the place of those that there are.</summary>
    /// <param name="rows">The member events that the rows of members tell though the present state lacks them.</param>
    public async ValueTask SetExtremitiesAsync(IReadOnlyList<Extremity> extremities, StateNodeId state, IReadOnlyDictionary<string, string> rows)
    {
        _last = Unit.NextPosition(ChangeKind.RoomEvent, room.RoomId);
        _isChanged = true;
        room.Extremities = extremities;
        await ReplaceStateAsync(state, rows);
    }

    /// <summary>From here on the room's state lacks no members, or is of no more interest.</summary>
    public void EndPartial() =>
        room.Services.Storage.PartialRooms.End(Unit, room.RoomId, _last ??= Unit.NextPosition(ChangeKind.RoomEvent, room.RoomId));

    /// <summary>Hands the unit to storage, to be called within the turn so that units keep their order. The task completes when it is durable.</summary>
    public Task CommitAsync()
    {
        var nodes = room.PendingNodes.Write(room.Services.Storage.StateNodes, Unit);
        if (_isChanged)
        {
            string[] extremities = [.. room.Extremities.Select(e => e.EventId)];
            room.Services.Storage.Rooms.Put(Unit, new RoomRow(room.RoomId, room.Version.Id, room.Current.Root, extremities, room.Depth, 0), _last);
        }

        _neighbours.Tell(Unit);
        if (room.Summary != _summaryBefore)
            room.Services.Storage.Rooms.PutSummary(Unit, room.Summary);
        return Unit.IsEmpty ? Task.CompletedTask : CommitAsync(nodes);
    }

    private async Task CommitAsync(IReadOnlyList<StateNodeId> nodes)
    {
        await room.Services.Storage.CommitAsync(Unit);
        room.PendingNodes.Committed(nodes);
        foreach (var known in _events)
            room.Events.Committed(known);
        if (_last is not null)
            room.Services.Pushes?.Tell(room, _membersChanged);
    }

    /// <summary>
    /// The extremities that the event does not follow, neither by itself nor by way of events that were no extremities here because they were rejected or
    /// soft-failed, or fetched for a gap.
    /// </summary>
    private async ValueTask<List<Extremity>> NotFollowedAsync(Pdu pdu)
    {
        const int MaxFollowed = 1000;
        var left = room.Extremities.Where(e => !pdu.PrevEvents.Contains(e.EventId)).ToList();
        if (left.Count == 0)
            return left;
        var followed = pdu.PrevEvents.ToHashSet(StringComparer.Ordinal);
        for (List<string> next = [.. followed]; next.Count > 0 && followed.Count < MaxFollowed && left.Count > 0;)
        {
            var known = await room.Events.GetManyAsync(next);
            next = [.. known.Values.Where(e => e.IsHistoric || (e.Status & (EventStatus.Rejected | EventStatus.SoftFailed)) != 0)
                .SelectMany(e => e.Pdu.PrevEvents).Where(followed.Add)];
            left.RemoveAll(e => followed.Contains(e.EventId));
        }

        return left;
    }

    private async ValueTask MoveCurrentStateAsync(Pdu pdu, StateNodeId stateBefore, StateNodeId stateAfter, bool isFollowed)
    {
        var old = room.Current.Root;
        if (!isFollowed && room.Extremities.Count == 1 && old == stateBefore)
        {
            if (pdu.StateKey is not { } stateKey)
                return;
            var replaced = await room.Current.FindAsync(pdu.Type, stateKey);
            room.Current.Apply(pdu, stateAfter);
            await ApplyAsync(pdu.Type, stateKey, replaced, pdu);
            return;
        }

        var resolved = await Receiving.ResolveState.OfAsync(room, [.. room.Extremities.Select(e => e.StateAfter)]);
        if (resolved != old)
            await ReplaceStateAsync(resolved, s_noRows);
    }

    /// <param name="rows">The member events that the rows of members tell though the present state lacks them.</param>
    private async ValueTask ReplaceStateAsync(StateNodeId state, IReadOnlyDictionary<string, string> rows)
    {
        const int Chunk = 500;
        var changes = (await room.Map.DiffAsync(room.Current.Root, state))
            .ConvertAll(c => c is { Type: EventTypes.Member, Old: null } && rows.Count > 0 ? c with { Old = rows.GetValueOrDefault(c.StateKey) } : c);
        changes.RemoveAll(c => c.Old == c.New);
        room.Current.Reset(state);
        foreach (var some in changes.Chunk(Chunk))
        {
            var events = await room.Events.GetManyAsync(some.SelectMany(c => new[] { c.Old, c.New }).OfType<string>());
            foreach (var change in some)
                await ApplyAsync(change.Type, change.StateKey, change.Old is null ? null : events[change.Old].Pdu, change.New is null ? null
                    : events[change.New].Pdu);
        }
    }

    private async ValueTask ApplyAsync(string type, string stateKey, Pdu? old, Pdu? @new)
    {
        room.Summary = SummaryUpdate.With(room.Summary, type, stateKey, @new);
        if (type != EventTypes.Member)
            return;
        _membersChanged = true;
        var (wasJoined, isJoined) = (old?.Membership == Membership.Join, @new?.Membership == Membership.Join);
        if (wasJoined != isJoined)
            CountMember(stateKey, isJoined ? 1 : -1);
        if (@new is not null)
            await PutMemberAsync(stateKey, @new);
        else if (old is not null)
            PutMember(stateKey, old, Membership.Leave, null);
    }

    private void CountMember(string userId, int change)
    {
        room.Summary = room.Summary with { JoinedMembers = room.Summary.JoinedMembers + change };
        var server = userId[(userId.IndexOf(':', StringComparison.Ordinal) + 1)..];
        var members = room.Servers.GetValueOrDefault(server) + change;
        if (members > 0 || room.Partial?.Servers.Contains(server) == true)
            room.Servers[server] = Math.Max(members, 0);
        else
            room.Servers.Remove(server);

        _neighbours.Count(Unit, userId, server, change, members);
    }

    /// <summary>All servers in the room are told of what they have not heard of the local users' devices, as if these had just joined.</summary>
    public void TellAllOfDevices() => _neighbours.AddAll();

    private async ValueTask PutMemberAsync(string userId, Pdu pdu)
    {
        var isStripped = pdu.Membership is Membership.Invite or Membership.Knock && room.Services.Server.IsLocalUser(userId);
        PutMember(userId, pdu, pdu.Membership ?? Membership.Leave, isStripped ? await StrippedState.WriteAsync(room, pdu) : default(ReadOnlyMemory<byte>?));
    }

    /// <summary>Writes the row of a member before the state has the event, which is one of <c>m.room.member</c>.</summary>
    public void PutKnownMember(EventRow member)
    {
        var details = MemberDetails.OfStored(member.Json.Span);
        PutMember(member.StateKey!, member.Sender, member.EventId, details.Membership ?? Membership.Leave, null, details);
    }

    private void PutMember(string userId, Pdu pdu, string membership, ReadOnlyMemory<byte>? stripped) =>
        PutMember(userId, pdu.Sender, pdu.EventId, membership, stripped, MemberDetails.Of(pdu.ContentJson.Span));

    private void PutMember(string userId, string sender, string eventId, string membership, ReadOnlyMemory<byte>? stripped, MemberDetails details)
    {
        var isLocal = room.Services.Server.IsLocalUser(userId);
        var slot = isLocal ? Unit.NextPosition(ChangeKind.Membership, userId) : _last;
        var row = new MembershipRow(room.RoomId, userId, membership, sender, eventId, 0, stripped, false, details.DisplayName, details.AvatarUrl);
        room.Services.Storage.Memberships.Put(Unit, row, slot, !isLocal);
    }

    private void Distribute(Pdu pdu, HashSet<string> destinations, PositionSlot slot)
    {
        // Those who are in the room now, those who were until this event, and whom it is about.
        destinations.UnionWith(room.Servers.Keys);
        if (pdu.Type == EventTypes.Member && pdu.Membership != Membership.Invite)
            destinations.Add(pdu.StateKey![(pdu.StateKey!.IndexOf(':', StringComparison.Ordinal) + 1)..]);
        destinations.Remove(room.Services.Server.Name.Value);
        // Who joins, leaves or knocks by another server: that server made the event.
        destinations.Remove(pdu.SenderDomain.ToString());
        if (destinations.Count == 0)
            return;
        if (pdu.IsState || room.Partial is not null)
            room.Services.Storage.Outbox.Enqueue(Unit, destinations, new OutboxItem(OutboxKind.Pdu, room.RoomId, pdu.EventId), slot);
        else
            room.Services.Storage.Outbox.EnqueueMessage(Unit, destinations, room.RoomId, pdu.EventId, slot);
    }

    // A redaction that has met the outlier stays in force, as it does in storage (IEventStore.AppendLive, AddHistoric).
    private static Pdu Kept(Pdu pdu, KnownEvent? outlier) => IsRedacted(outlier) ? outlier!.Pdu : pdu;

    private static bool IsRedacted(KnownEvent? outlier) => outlier is { IsRedacted: true };

    private void Remember(KnownEvent known)
    {
        _events.Add(known);
        room.Events.AddPending(known);
        room.Staged.Arrived(known.Pdu.EventId);
    }

    // What is judged while the room's state lacks members is judged again when it does not.
    private void Judged(KnownEvent known, bool isWhole = false)
    {
        Remember(known);
        if (!isWhole && known.StateBefore is not null && room.Partial?.Add(known.Pdu.EventId) is { } index)
            room.Services.Storage.PartialRooms.AddEvent(Unit, room.RoomId, known.Pdu.EventId, index);
    }

    private EventRow Row(Pdu pdu, EventStatus status, StateNodeId? stateBefore, int? generation) =>
        EventRows.Of(room.RoomId, pdu, status, stateBefore, generation);
}
