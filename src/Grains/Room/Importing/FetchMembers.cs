using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.RemoteServer;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Importing;

/// <summary>
/// Gets the members of a room that was joined without them, while the room is in use: the state before the join is asked of a resident server, member rows are
/// written some at a time, and then the state is made whole (<see cref="CompleteState"/>). What was done is done again after a kill, without harm.
/// </summary>
internal sealed class FetchMembers(RoomServices services, IRemoteRooms remote, RoomSlot slot, string roomId, ILogger logger)
{
    private const int Chunk = 500;
    private const int MaxServers = 10;
    private const int MaxGaps = 20;

    // Each answer is the whole state: a second server is asked beside the first only if that takes long.
    private const int MaxAtOnce = 2;
    private static readonly TimeSpan s_moment = TimeSpan.FromSeconds(30);

    /// <summary>True if there is no more to do; false if it is worth trying again later.</summary>
    /// <param name="atHand">The ids of the member events if they are known already, else default.</param>
    /// <param name="failures">How often it was tried in vain.</param>
    public async Task<bool> RunAsync(ImmutableArray<string> atHand, int failures = 0)
    {
        if (await slot.RunAsync(activation => activation.ReadAsync(room => DescribeAsync(room, failures))) is not { } work)
            return true;
        services.Fills?.Began(roomId, work.JoinedAt);
        if (!work.IsResident)
        {
            await slot.RunAsync(activation => activation.ChangeAsync<Nothing>(Abandon));
            return true;
        }

        var state = atHand.IsDefault ? await FetchAsync(work, failures) : atHand;
        GrainMetrics.FillTried(!state.IsDefault);
        if (state.IsDefault)
            return false;
        var members = await PutRowsAsync(work, state);
        var gaps = await FindGapsAsync(work, [.. members, .. work.Known]);
        await slot.RunAsync(activation =>
            activation.ChangeAsync<Nothing>((room, unit) => CompleteState.RunAsync(room, unit, activation.WaitForCommitsAsync(), members, gaps)));
        return true;
    }

    private static async ValueTask<Work?> DescribeAsync(ActiveRoom? room, int failures)
    {
        if (room?.Partial is not { } partial || await room.Events.GetAsync(partial.JoinEventId) is not { StateBefore: { } before } join)
            return null;
        string[] all = [partial.Origin, .. room.Servers.Keys.Where(s => s != room.Services.Server.Name.Value && s != partial.Origin)];

        // Of a room with many servers each try asks others.
        var first = all.Length > MaxServers ? (int)((long)failures * MaxServers % all.Length) : 0;
        return new Work(
            room.IsResident, room.Version.Id, partial.JoinEventId, join.Pdu.OriginServerTs, [.. all[first..].Concat(all[..first]).Take(MaxServers)],
            await room.Map.ListAsync(before));
    }

    // Who left a room needs to know no more of it.
    private static ValueTask<Outcome<Nothing>> Abandon(ActiveRoom room, RoomUnit unit)
    {
        if (room.Partial is not null)
            unit.EndPartial();
        room.Partial = null;
        return new ValueTask<Outcome<Nothing>>(Nothing.Value);
    }

    private async Task<ImmutableArray<string>> FetchAsync(Work work, int failures)
    {
        var servers = new ServersInTurn<Outcome<ImmutableArray<string>>>(
            (server, ended) => remote.StateBeforeAsync(server, roomId, work.RoomVersion, work.JoinEventId, cancellationToken: ended), MaxAtOnce, s_moment,
            services.Time);
        var reasons = new List<string>();
        await foreach (var (server, answer) in servers.AskAsync(work.Servers))
        {
            // A server that leaves out what is known to be in the state may leave out more.
            if (answer.Ok && answer.Value.ToHashSet(StringComparer.Ordinal) is var ids && work.Known.All(e => ids.Contains(e.EventId)))
                return answer.Value;
            reasons.Add(answer.Error is { } error ? $"{server}: {error.Message}" : $"{server} leaves out what it told before");
        }

        ImportLog.MembersNotHad(logger, roomId, failures + 1, string.Join("; ", reasons));
        return default;
    }

    /// <summary>Writes the rows of members that the present state knows nothing of; answers all members.</summary>
    private async Task<List<StateEntry>> PutRowsAsync(Work work, ImmutableArray<string> state)
    {
        var known = work.Known.Select(e => e.EventId).ToHashSet(StringComparer.Ordinal);
        var members = new List<StateEntry>(state.Length);
        var written = Task.CompletedTask;
        foreach (var some in state.Where(id => !known.Contains(id)).Chunk(Chunk))
        {
            // Beside the grain, which has other calls to answer; and while the rows before are being written.
            var rows = await Task.Run(() => ReadMembersAsync(some));
            members.AddRange(rows.Select(r => new StateEntry(r.Type, r.StateKey!, r.EventId)));
            await written;
            written = slot.RunAsync(activation => activation.ChangeAsync<Nothing>((room, unit) => PutRowsAsync(room, unit, rows)));
        }

        await written;
        return [.. members.DistinctBy(m => m.StateKey)];
    }

    private async Task<List<EventRow>> ReadMembersAsync(string[] eventIds) =>
        [.. (await services.Storage.Events.GetManyAsync(eventIds)).Where(r =>
            r.RoomId == roomId && r is { Type: EventTypes.Member, StateKey: not null } && !r.Status.HasFlag(EventStatus.Rejected))];

    private static async ValueTask<Outcome<Nothing>> PutRowsAsync(ActiveRoom room, RoomUnit unit, List<EventRow> rows)
    {
        foreach (var row in rows)
        {
            if (room.Partial is not null && await room.Map.GetAsync(room.Current.Root, row.Type, row.StateKey!) is null)
                unit.PutKnownMember(row);
        }

        return Nothing.Value;
    }

    /// <summary>For events behind gaps that opened meanwhile: how the state before them differs from that before the join.</summary>
    private async Task<Dictionary<string, IReadOnlyList<StateChange>>> FindGapsAsync(Work work, List<StateEntry> joinState)
    {
        var found = new Dictionary<string, IReadOnlyList<StateChange>>(StringComparer.Ordinal);
        var behind = await slot.RunAsync(activation => activation.ReadAsync(BehindGapsAsync));
        foreach (var eventId in behind.Take(MaxGaps))
        {
            foreach (var server in work.Servers)
            {
                var answer = await remote.StateBeforeAsync(server, roomId, work.RoomVersion, eventId, idsOnly: true);
                if (!answer.Ok)
                    continue;
                found[eventId] = await CompareAsync(joinState, answer.Value);
                break;
            }
        }

        return found;
    }

    private static async ValueTask<List<string>> BehindGapsAsync(ActiveRoom? room)
    {
        var behind = new List<string>();
        if (room?.Partial is not { } partial)
            return behind;
        foreach (var eventId in await EventsSinceJoin.ListAsync(room, partial))
        {
            var known = (await room.Events.GetAsync(eventId))!;
            var parents = await room.Events.GetManyAsync(known.Pdu.PrevEvents);
            if (parents.Values.Count(p => p.StateBefore is not null) < known.Pdu.PrevEvents.Distinct(StringComparer.Ordinal).Count())
                behind.Add(eventId);
        }

        return behind;
    }

    private async Task<IReadOnlyList<StateChange>> CompareAsync(List<StateEntry> joinState, ImmutableArray<string> stateIds)
    {
        var ids = stateIds.ToHashSet(StringComparer.Ordinal);
        var old = joinState.ToDictionary(e => (e.Type, e.StateKey), e => e.EventId);
        foreach (var entry in joinState.Where(e => ids.Remove(e.EventId)))
            old.Remove((entry.Type, entry.StateKey));
        var changes = new List<StateChange>();
        foreach (var row in await services.Storage.Events.GetManyAsync(ids))
        {
            if (row.StateKey is null || row.RoomId != roomId || row.Status.HasFlag(EventStatus.Rejected))
                continue;
            old.Remove((row.Type, row.StateKey), out var before);
            changes.Add(new StateChange(row.Type, row.StateKey, before, row.EventId));
        }

        changes.AddRange(old.Select(e => new StateChange(e.Key.Type, e.Key.StateKey, e.Value, null)));
        return changes;
    }

    /// <param name="JoinedAt">Milliseconds since the epoch.</param>
    /// <param name="Servers">Whom to ask, in order.</param>
    /// <param name="Known">The state before the join as far as it is known.</param>
    private sealed record Work(
        bool IsResident, string RoomVersion, string JoinEventId, long JoinedAt, ImmutableArray<string> Servers, List<StateEntry> Known);
}
