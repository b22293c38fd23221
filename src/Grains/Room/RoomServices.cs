using OrleansMatrix.Grains.Push;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Grains.Room.Policy;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Grains.ServerKeys;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room;

/// <summary>What rooms need from outside; one per silo.</summary>
/// <param name="Storage">The database.</param>
/// <param name="Nodes">State nodes that were read lately.</param>
/// <param name="Server">This server.</param>
/// <param name="Time">The clock.</param>
/// <param name="Random">The source of randomness.</param>
/// <param name="Keys">The keys of all servers.</param>
/// <param name="PolicyServer">This server as a policy server; null: it is none.</param>
/// <param name="Fills">Where rooms that get their members are noted.</param>
public sealed record RoomServices(
    IStorage Storage, StateNodeCache Nodes, LocalServer Server, TimeProvider Time, IRandom Random, IServerKeyRing Keys, LocalPolicyServer? PolicyServer = null,
    PushSignals? Pushes = null, RoomFills? Fills = null)
{
    /// <summary>The version of rooms whose maker names none.</summary>
    public string DefaultRoomVersion { get; init; } = RoomVersion.Default.Id;

    /// <summary>Milliseconds since the epoch.</summary>
    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
