using OrleansMatrix.Protocol.Authorization;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>Where state resolution gets events and what the states have in common. Nothing is asked for twice.</summary>
public interface IResolutionSource
{
    /// <summary>
    /// The events of these ids. One that is not there, although another names it, is taken for not named: an event whose auth events are
    /// missing should not have been accepted.
    /// </summary>
    ValueTask<IReadOnlyCollection<ResolutionEvent>> GetEventsAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken);

    /// <summary>The event id that all states have in a place that is not conflicted; null when none has one.</summary>
    ValueTask<string?> GetUnconflictedAsync(StateKey key, CancellationToken cancellationToken);

    /// <summary>
    /// The ids of all known state events that name this one among their auth events; null when that is not kept, and then
    /// <see cref="GetUnconflictedIdsAsync"/> is asked for. Needed only where a fork has auth events that are no longer in its state.
    /// </summary>
    ValueTask<IReadOnlyCollection<string>?> GetCitingAsync(string eventId, CancellationToken cancellationToken);

    /// <summary>The event ids in the places that are not conflicted; those whose generation is kept and below the lowest asked for may be left out.</summary>
    ValueTask<IReadOnlyCollection<string>> GetUnconflictedIdsAsync(int lowestGeneration, CancellationToken cancellationToken);
}
