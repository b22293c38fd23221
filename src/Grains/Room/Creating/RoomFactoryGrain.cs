using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Room.Creating;

/// <inheritdoc cref="IRoomFactoryGrain"/>
[StatelessWorker]
[GrainType("roomfactory")]
public sealed class RoomFactoryGrain(RoomServices services) : Grain, IRoomFactoryGrain
{
    public Task<Outcome<string>> Create(RoomRequest request) => new RoomFactory(GrainFactory, services).CreateAsync(request);
}
