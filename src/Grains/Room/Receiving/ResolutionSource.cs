using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.StateResolution;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>Gives state resolution the events of a room, and what its states have in common.</summary>
/// <param name="one">Any one of the states.</param>
/// <param name="conflicted">The places where they differ.</param>
internal sealed class ResolutionSource(ActiveRoom room, StateNodeId one, IReadOnlySet<StateKey> conflicted) : IResolutionSource
{
    private const int MaxYoung = 5000;

    public async ValueTask<IReadOnlyCollection<ResolutionEvent>> GetEventsAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken)
    {
        var known = await room.Events.GetManyAsync(eventIds);
        return [.. known.Values.Select(e => new ResolutionEvent(e.Pdu, e.Status.HasFlag(EventStatus.Rejected), e.AuthGeneration))];
    }

    public async ValueTask<string?> GetUnconflictedAsync(StateKey key, CancellationToken cancellationToken) =>
        conflicted.Contains(key) ? null : await room.Map.GetAsync(one, key.Type, key.Key, cancellationToken);

    public ValueTask<IReadOnlyCollection<string>?> GetCitingAsync(string eventId, CancellationToken cancellationToken) =>
        new((IReadOnlyCollection<string>?)null);

    public async ValueTask<IReadOnlyCollection<string>> GetUnconflictedIdsAsync(int lowestGeneration, CancellationToken cancellationToken)
    {
        // Most often a fork is young, and few events are as far from the create event.
        var young = await room.Services.Storage.Events.StateEventsFromAsync(room.RoomId, lowestGeneration, MaxYoung, cancellationToken);
        if (young.Count < MaxYoung)
        {
            var found = new HashSet<string>(StringComparer.Ordinal);
            var pending = room.Events.Pending.Where(p => p.IsState).Select(p => (p.EventId, p.Type, StateKey: p.StateKey!));
            foreach (var (eventId, type, stateKey) in young.Concat(pending))
            {
                if (await GetUnconflictedAsync(new StateKey(type, stateKey), cancellationToken) == eventId)
                    found.Add(eventId);
            }

            return found;
        }

        var entries = await room.Map.ListAsync(one, cancellationToken: cancellationToken);
        return [.. entries.Where(e => !conflicted.Contains(new StateKey(e.Type, e.StateKey))).Select(e => e.EventId)];
    }
}
