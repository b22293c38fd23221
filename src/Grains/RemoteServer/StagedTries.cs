using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>What became of the events of a room that wait to be judged.</summary>
internal enum StagedTry
{
    /// <summary>None waits any more.</summary>
    Done,
    /// <summary>Some were judged, others wait.</summary>
    Progress,
    /// <summary>None could be judged, but not all were tried.</summary>
    More,
    /// <summary>None could be judged.</summary>
    Stuck,
}

/// <summary>
/// Tries to have the waiting events of a room judged: asks the servers of the room for what they follow (ADR 0035). Used from its grain's own scheduler only.
/// </summary>
internal sealed class StagedTries(RemoteServerServices services, IGrainFactory grains, string roomId)
{
    /// <summary>Senders of events that are asked in one try, and other servers if one of them does not answer.</summary>
    private const int MaxSenders = 3;
    private const int MaxOthers = 3;

    /// <summary>Events that are asked about in one try.</summary>
    private const int MaxEvents = 20;

    /// <summary>How often all servers that are asked may say that they cannot help before an event is given up.</summary>
    private const int MaxRefusals = 3;
    private const int MaxRemembered = 1000;

    /// <summary>Until an event has waited for so long, only its sender is believed the state before it: others may know less of what is between.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    /// <summary>An event that nobody can say anything of is given up after this.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(7);

    /// <summary>How soon a server that was asked is asked again because it was heard of, if it answered.</summary>
    private static readonly TimeSpan s_betweenAnswers = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, (long At, bool HasFailed)> _asked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _refusals = new(StringComparer.Ordinal);
    private int _turn;
    private int _next;
    private int _faults;

    private IRoomGrain Room => grains.GetGrain<IRoomGrain>(roomId);

    /// <summary>Whether a server that was heard of may help: it did not answer, or was not asked lately.</summary>
    public bool IsWorthAsking(string server) =>
        !_asked.TryGetValue(server, out var asked) || asked.HasFailed || services.Now - asked.At >= (long)s_betweenAnswers.TotalMilliseconds;

    /// <summary>Has events judged with what is here.</summary>
    public async Task JudgeAsync(ImmutableArray<string> eventIds)
    {
        var ids = eventIds.ToHashSet(StringComparer.Ordinal);
        await JudgeAsync((await services.Storage.StagedPdus.OfRoomAsync(roomId)).Where(r => ids.Contains(r.EventId)));
    }

    /// <param name="heard">The one server to ask; null: the senders of the events and some others.</param>
    public async Task<StagedTry> RunAsync(string? heard)
    {
        var rows = await services.Storage.StagedPdus.OfRoomAsync(roomId);
        if (rows.Count == 0)
            return StagedTry.Done;
        var servers = (await services.Storage.Memberships.ServersAsync(roomId)).Select(s => s.Server).ToList();
        if (!servers.Remove(services.Server.Name.Value))
        {
            // Who left a room needs to know no more of it.
            await Room.DropStaged([.. rows.Select(r => r.EventId)]);
            return StagedTry.Done;
        }

        // If there are many they take turns, so that those in front do not keep the others from being asked about.
        var start = rows.Count > MaxEvents ? _next % rows.Count : 0;
        _next = start + MaxEvents;
        var some = rows.Skip(start).Take(MaxEvents).ToList();
        _faults = 0;
        var left = await JudgeAsync(some);
        if (heard is null)
            await AskInTurnAsync(servers, left);
        else if (servers.Contains(heard))
            await AskAsync(heard, left);
        await GiveUpAsync(left, maxRefusals: heard is null ? MaxRefusals : int.MaxValue);
        var undone = left.Count + _faults;
        if (undone == 0 && some.Count == rows.Count)
            return StagedTry.Done;
        return undone < some.Count ? StagedTry.Progress : _next < rows.Count ? StagedTry.More : StagedTry.Stuck;
    }

    /// <summary>Puts events through the checks once more, the room's server ACL among them; answers those that still cannot be judged.</summary>
    private async Task<List<Waiting>> JudgeAsync(IEnumerable<StagedPduRow> rows)
    {
        var left = new List<Waiting>();
        var dropped = ImmutableArray.CreateBuilder<string>();
        foreach (var row in rows)
        {
            try
            {
                await JudgeAsync(row, left, dropped);
            }
            catch (Exception fault)
            {
                // It waits as before, and those behind it are judged all the same.
                _faults++;
                RemoteServerLog.StagedNotJudged(services.Logger, row.EventId, roomId, row.Origin, fault);
            }
        }

        if (dropped.Count > 0)
            await Room.DropStaged(dropped.ToImmutable());
        return left;
    }

    private async Task JudgeAsync(StagedPduRow row, List<Waiting> left, ImmutableArray<string>.Builder dropped)
    {
        if (!ServerName.TryParse(row.Origin, out var origin) || !JsonText.IsReadable(row.Json.Span))
        {
            RemoteServerLog.StagedUnreadable(services.Logger, row.EventId, roomId, row.Origin);
            dropped.Add(row.EventId);
            return;
        }

        if (await Room.ReceivePdus(new RemotePdus(origin, [row.Json])) is not { Ok: true, Value.Pdus: [var judged] })
            return;
        if (MissingEvents.IsMissing(judged))
            left.Add(new Waiting(row, judged));
        else if (judged.Verdict == PduVerdict.Dropped)
            dropped.Add(row.EventId);
    }

    /// <summary>Asks the senders of the events, then other servers of the room, each time others: more if a sender did not answer.</summary>
    private async Task AskInTurnAsync(List<string> servers, List<Waiting> left)
    {
        var senders = left.Select(w => w.Row.Origin).Distinct(StringComparer.Ordinal).Where(servers.Contains).Take(MaxSenders).ToList();
        foreach (var server in senders)
            await AskAsync(server, left);
        var others = servers.Except(senders, StringComparer.Ordinal).ToList();
        var count = Math.Min(others.Count, senders.Count > 0 && !left.Exists(w => w.IsUnheard) ? 1 : MaxOthers);
        for (var i = 0; i < count; i++)
            await AskAsync(others[_turn++ % others.Count], left);
    }

    /// <summary>Asks one server for what the events follow, and takes those that are judged off the list.</summary>
    private async Task AskAsync(string server, List<Waiting> left)
    {
        if (left.Count == 0)
            return;
        var source = new RoomSource(services, grains, server, roomId);
        var isLast = false;
        foreach (var waiting in left.ToList())
        {
            var isOld = IsOld(waiting.Row, s_patience);
            waiting.Judged = await new MissingEvents(services, source, roomId)
                .FillAsync(waiting.Row.Json, waiting.Judged, askForState: waiting.Row.Origin == server || isOld);
            waiting.IsUnheard |= source.HasFailed;
            if (source.HasFailed && isOld && !isLast)
            {
                // It may not know the one question, and know the other.
                isLast = true;
                source = new RoomSource(services, grains, server, roomId);
                waiting.Judged = await new MissingEvents(services, source, roomId).WithStateAsync(waiting.Row.Json, waiting.Judged);
            }

            // That the server that was asked may not send events says nothing about them.
            if (!MissingEvents.IsMissing(waiting.Judged) && waiting.Judged.Verdict != PduVerdict.Dropped)
                left.Remove(waiting);
        }

        if (_asked.Count >= MaxRemembered)
            _asked.Clear();
        _asked[server] = (services.Now, source.HasFailed);
    }

    private async Task GiveUpAsync(List<Waiting> left, int maxRefusals)
    {
        var given = new List<Waiting>();
        foreach (var waiting in left)
        {
            var id = waiting.Row.EventId;
            if (!waiting.IsUnheard && IsOld(waiting.Row, s_patience) && maxRefusals < int.MaxValue)
                _refusals[id] = _refusals.GetValueOrDefault(id) + 1;
            if (IsOld(waiting.Row, s_longest) || _refusals.GetValueOrDefault(id) >= maxRefusals)
                given.Add(waiting);
        }

        if (_refusals.Count > MaxRemembered)
            _refusals.Clear();
        if (given.Count == 0)
            return;
        foreach (var waiting in given)
            RemoteServerLog.StagedGivenUp(services.Logger, waiting.Row.EventId, roomId, waiting.Row.Origin, string.Join(' ', waiting.Judged.Missing));
        await Room.DropStaged([.. given.Select(w => w.Row.EventId)]);
        left.RemoveAll(given.Contains);
    }

    private bool IsOld(StagedPduRow row, TimeSpan age) => services.Now - row.ReceivedAt >= (long)age.TotalMilliseconds;

    /// <summary>An event that waits, with the last verdict on it.</summary>
    private sealed class Waiting(StagedPduRow row, JudgedPdu judged)
    {
        public StagedPduRow Row => row;

        public JudgedPdu Judged { get; set; } = judged;

        /// <summary>True if a server that was asked about it did not answer.</summary>
        public bool IsUnheard { get; set; }
    }
}
