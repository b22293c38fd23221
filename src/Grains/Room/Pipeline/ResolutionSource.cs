using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.StateResolution;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Pipeline;

/// <summary>Gives state resolution the events of a room, and what its states have in common.</summary>
/// <param name="one">Any one of the states.</param>
/// <param name="conflicted">The places where they differ.</param>
internal sealed class ResolutionSource(ActiveRoom room, StateNodeId one, IReadOnlySet<StateKey> conflicted) : IResolutionSource
{
    public async ValueTask<IReadOnlyCollection<ResolutionEvent>> GetEventsAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken)
    {
        var known = await room.Events.GetManyAsync(eventIds);
        return [.. known.Values.Select(e => new ResolutionEvent(e.Pdu, e.Status.HasFlag(EventStatus.Rejected), null))];
    }

    public async ValueTask<string?> GetUnconflictedAsync(StateKey key, CancellationToken cancellationToken) =>
        conflicted.Contains(key) ? null : await room.Map.GetAsync(one, key.Type, key.Key, cancellationToken);

    public ValueTask<IReadOnlyCollection<string>?> GetCitingAsync(string eventId, CancellationToken cancellationToken) => new((IReadOnlyCollection<string>?)null);

    public async ValueTask<IReadOnlyCollection<string>> GetUnconflictedIdsAsync(CancellationToken cancellationToken)
    {
        var entries = await room.Map.ListAsync(one, cancellationToken: cancellationToken);
        return [.. entries.Where(e => !conflicted.Contains(new StateKey(e.Type, e.StateKey))).Select(e => e.EventId)];
    }
}
