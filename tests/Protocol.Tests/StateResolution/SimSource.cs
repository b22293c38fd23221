using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.StateResolution;
using State = System.Collections.Generic.Dictionary<OrleansMatrix.Protocol.Authorization.StateKey, string>;

namespace OrleansMatrix.Protocol.Tests.StateResolution;

/// <summary>Answers resolution from a simulated room and counts what it is asked for.</summary>
internal sealed class SimSource : IResolutionSource
{
    private readonly SimRoom _room;
    private readonly ILookup<string, string>? _citing;

    public SimSource(SimRoom room, IReadOnlyList<State> states)
    {
        _room = room;
        Unconflicted = states[0].Where(e => states.All(s => s.GetValueOrDefault(e.Key) == e.Value)).ToDictionary();
        if (room.HasCitingIndex)
            _citing = room.Events.Values.SelectMany(e => e.Pdu.AuthEvents.Select(a => (a, e.Pdu.EventId))).ToLookup(t => t.a, t => t.EventId);
    }

    public State Unconflicted { get; }

    public HashSet<string> Loaded { get; } = [];

    public ValueTask<IReadOnlyCollection<ResolutionEvent>> GetEventsAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken)
    {
        Assert.All(eventIds, id => Assert.True(Loaded.Add(id), $"{id} was asked for twice"));
        ResolutionEvent[] found =
        [
            .. eventIds.Select(id => _room.Events.GetValueOrDefault(id)).OfType<SimEvent>()
                .Select(e => new ResolutionEvent(e.Pdu, e.IsRejected, _room.HasGenerations ? e.Generation : null)),
        ];
        return new(found);
    }

    public ValueTask<string?> GetUnconflictedAsync(StateKey key, CancellationToken cancellationToken) => new(Unconflicted.GetValueOrDefault(key));

    public ValueTask<IReadOnlyCollection<string>?> GetCitingAsync(string eventId, CancellationToken cancellationToken) =>
        new(_citing?[eventId].ToArray());

    public ValueTask<IReadOnlyCollection<string>> GetUnconflictedIdsAsync(int lowestGeneration, CancellationToken cancellationToken) =>
        new(Unconflicted.Values.Where(id => !_room.HasGenerations || _room.Events[id].Generation >= lowestGeneration).ToArray());
}
