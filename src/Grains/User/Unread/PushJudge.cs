using System.Text.Json;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Push;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>Judges a room's events by one user's push rules.</summary>
/// <param name="facts">What is remembered of the room from one time to the next.</param>
internal sealed class PushJudge(RoomView room, PushRuleset rules, MembershipRow member, PushFacts facts)
{
    /// <summary>What the event does for the user, and the actions of the push rule that matched, a JSON array; null if nothing.</summary>
    public async ValueTask<(UnreadEvent Event, JsonElement Actions)?> JudgeAsync(EventRow row, CancellationToken cancellationToken)
    {
        if (row.Sender == member.UserId || row.Order is not { } order || row.RedactedBy is not null || !room.IsReadable(row))
            return null;
        var pushed = new PushEvent(room.Parse(row), await JoinedAsync(cancellationToken), await LevelsAsync(row, cancellationToken));
        if (rules.Evaluate(pushed, member.DisplayName) is not { Actions.Notify: true } rule)
            return null;
        return (new UnreadEvent(order, (await EventThread.OfAsync(room, row, cancellationToken)).Thread, rule.Actions.Highlight), rule.Actions.Json);
    }

    /// <summary>The number of joined members now, unless it is remembered.</summary>
    private async ValueTask<int> JoinedAsync(CancellationToken cancellationToken)
    {
        if (facts.JoinedMembers is not { } joined)
            facts.JoinedMembers = joined = (await room.Services.Storage.Rooms.GetSummaryAsync(room.RoomId, cancellationToken))?.JoinedMembers ?? 0;
        return joined;
    }

    private async ValueTask<PowerLevels> LevelsAsync(EventRow row, CancellationToken cancellationToken) => row.StateBefore is { } state
        ? await room.Services.Levels.AtAsync(room, state, cancellationToken) : PowerLevels.Of(room.Version, null, null);
}
