using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Grains.Room.Policy;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Policy;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.InMemory;

/// <summary>
/// A room in memory: what storage will say once all units on their way are durable. Read and changed within the room's turn only, and thrown away
/// whole when a commit fails.
/// </summary>
internal sealed class ActiveRoom
{
    private (Pdu Event, ServerAcl Parsed)? _acl;

    public ActiveRoom(RoomServices services, string roomId, RoomVersion version, StateNodeId state, RoomSummaryRow summary)
    {
        Services = services;
        RoomId = roomId;
        Version = version;
        Summary = summary;
        PendingNodes = new PendingStateNodes(services.Nodes);
        Map = new StateMap(services.Nodes, PendingNodes);
        Events = new RoomEvents(services.Storage.Events, roomId, version);
        Current = new StateView(version, Map, Events, state);
        PolicySignatures = new PolicySignatures(services.Time);
    }

    public RoomServices Services { get; }
    public string RoomId { get; }
    public RoomVersion Version { get; }
    public PendingStateNodes PendingNodes { get; }
    public StateMap Map { get; }
    public RoomEvents Events { get; }

    /// <summary>The current state: that after all extremities, resolved.</summary>
    public StateView Current { get; }

    public IReadOnlyList<Extremity> Extremities { get; set; } = [];

    public RoomSummaryRow Summary { get; set; }

    /// <summary>Local events on their way to and from the policy server.</summary>
    public PolicySignatures PolicySignatures { get; }

    /// <summary>Power levels that events named lately, by the create event and the power-levels event that make them.</summary>
    public Dictionary<(Pdu?, Pdu?), PowerLevels> NamedLevels { get; } = [];

    /// <summary>Events that were fetched by themselves and that no event of the history follows.</summary>
    public HashSet<string> Detached { get; } = new(StringComparer.Ordinal);

    /// <summary>Events that were taken and cannot be judged yet.</summary>
    public StagedPdus Staged { get; } = new();

    /// <summary>What is remembered while the room's state lacks members (S-S API, omit_members); null if it is whole.</summary>
    public PartialState? Partial { get; set; }

    /// <summary>Joined members by server; 0 for a server that is only said to be in the room.</summary>
    public Dictionary<string, int> Servers { get; } = new(StringComparer.Ordinal);

    /// <summary>The highest depth among the extremities.</summary>
    public long Depth => Extremities.Count == 0 ? 0 : Extremities.Max(e => e.Depth);

    /// <summary>
    /// True if this server may change the room by itself: it has a joined member, or nobody at all has. Else the room lives on other servers, and what
    /// is stored of it may be old.
    /// </summary>
    public bool IsResident => Servers.Count == 0 || Servers.ContainsKey(Services.Server.Name.Value);

    /// <summary>True if the current state lets the server take part (S-S API, Server ACLs).</summary>
    public async ValueTask<bool> AllowsServerAsync(string server)
    {
        if (await Current.FindAsync(EventTypes.ServerAcl, "") is not { } acl)
            return true;
        if (!ReferenceEquals(_acl?.Event, acl))
            _acl = (acl, ServerAcl.Parse(acl.Content));
        return _acl!.Value.Parsed.IsAllowed(server);
    }

    /// <summary>The policy server that the room uses (S-S API, Determining if a Policy Server is enabled in a room); null: none.</summary>
    public async ValueTask<RoomPolicyServer?> FindPolicyAsync() =>
        await Current.FindAsync(EventTypes.Policy, "") is { } policy && RoomPolicyServer.TryParse(policy, out var server) && Servers.ContainsKey(server.Via)
            ? server : null;

    /// <summary>A view of another state of this room.</summary>
    public StateView View(StateNodeId root) => root == Current.Root ? Current : new StateView(Version, Map, Events, root);

    /// <summary>The summary of a room of which nothing is known yet. Without an m.room.join_rules event a room is for invited users.</summary>
    public static RoomSummaryRow EmptySummary(string roomId) => new(roomId, null, null, null, null, null, "invite", false, false, false, 0);
}
