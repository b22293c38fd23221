using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>What user grains need; one per silo, thread-safe.</summary>
/// <param name="Signals">Only to have it running.</param>
public sealed record UserServices(ReadServices Read, ChangeHub Hub, NeighbourSignals Signals)
{
    public IStorage Storage => Read.Storage;
    public TimeProvider Time => Read.Time;
}
