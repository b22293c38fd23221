using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Push;
using OrleansMatrix.Protocol.Relations;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>Judges a room's events by one user's push rules.</summary>
/// <param name="facts">What is remembered of the room from one time to the next.</param>
internal sealed class PushJudge(RoomView room, PushRuleset rules, MembershipRow member, PushFacts facts)
{
    public const string Main = "main";

    /// <summary>"A maximum of 3 hops is recommended" (C-S API, Threaded read receipts).</summary>
    private const int MaxHops = 3;

    /// <summary>What the event does for the user; null if nothing.</summary>
    public async ValueTask<UnreadEvent?> JudgeAsync(EventRow row, CancellationToken cancellationToken)
    {
        if (row.Sender == member.UserId || row.Order is not { } order || row.RedactedBy is not null)
            return null;
        var pushed = new PushEvent(room.Parse(row), await JoinedAsync(cancellationToken), await LevelsAsync(row, cancellationToken));
        if (rules.Evaluate(pushed, member.DisplayName) is not { Actions.Notify: true } rule)
            return null;
        return new UnreadEvent(order, row.EventId, await ThreadOfAsync(row, cancellationToken), rule.Actions.Highlight, rule.Actions.Json);
    }

    /// <summary>The root of the thread that an event is in, or <c>main</c>.</summary>
    public async ValueTask<string> ThreadOfAsync(EventRow row, CancellationToken cancellationToken)
    {
        for (var hop = 0; hop <= MaxHops; hop++)
        {
            if (row.RelType == RelationTypes.Thread)
                return row.RelatesTo!;
            if (row.RelatesTo is not { } parent || await room.FindAsync(parent, cancellationToken) is not { } next)
                break;
            row = next;
        }

        return Main;
    }

    /// <summary>The number of joined members now, unless it is remembered.</summary>
    private async ValueTask<int> JoinedAsync(CancellationToken cancellationToken)
    {
        if (facts.JoinedMembers is not { } joined)
            facts.JoinedMembers = joined = (await room.Services.Storage.Rooms.GetSummaryAsync(room.RoomId, cancellationToken))?.JoinedMembers ?? 0;
        return joined;
    }

    /// <summary>The power levels at the event; read anew only when their event changes.</summary>
    private async ValueTask<PowerLevels> LevelsAsync(EventRow row, CancellationToken cancellationToken)
    {
        if (row.StateBefore is not { } state)
            return facts.Levels ?? PowerLevels.Of(room.Version, null, null);
        var id = await room.Services.States.GetAsync(state, EventTypes.PowerLevels, "", cancellationToken) ?? "";
        if (facts.Levels is null || facts.LevelsEventId != id)
        {
            var create = await room.StateEventAsync(state, EventTypes.Create, "", cancellationToken);
            var powerLevels = await room.StateEventAsync(state, EventTypes.PowerLevels, "", cancellationToken);
            (facts.LevelsEventId, facts.Levels) = (id, PowerLevels.Of(room.Version, create, powerLevels));
        }

        return facts.Levels;
    }
}
