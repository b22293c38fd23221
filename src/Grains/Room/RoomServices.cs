using OrleansMatrix.Grains.Room.Pipeline;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Grains.ServerKeys;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room;

/// <summary>What rooms need from outside; one per silo.</summary>
public sealed record RoomServices(IStorage Storage, StateNodeCache Nodes, ServerIdentity Server, TimeProvider Time, IRandom Random, IServerKeyRing Keys)
{
    /// <summary>This server as a policy server; null: it is none.</summary>
    public OwnPolicyServer? PolicyServer { get; init; }

    /// <summary>The version of rooms whose maker names none.</summary>
    public string DefaultRoomVersion { get; init; } = RoomVersion.Default.Id;

    /// <summary>Milliseconds since the epoch.</summary>
    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
