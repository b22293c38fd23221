using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Serving;

/// <inheritdoc cref="IEventLookupGrain"/>
[StatelessWorker, Reentrant]
[GrainType("eventlookup")]
public sealed class EventLookupGrain(IStorage storage) : Grain, IEventLookupGrain
{
    public async Task<string?> RoomOf(string eventId) => (await storage.Events.GetAsync(eventId))?.RoomId;
}
