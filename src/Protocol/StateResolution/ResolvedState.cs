using System.Collections.Immutable;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>
/// The state that a resolution builds up, over a base state, with the iterative auth checks (room v2, State resolution, Definitions).
/// </summary>
/// <param name="version">The version of the room.</param>
/// <param name="graph">The loaded events.</param>
/// <param name="baseState">The unconflicted state map that v2 starts from; null for the empty one of v2.1.</param>
/// <param name="create">The create event, which v12 finds by the room id.</param>
internal sealed class ResolvedState(RoomVersion version, AuthGraph graph, CommonState? baseState, Pdu? create) : IAuthState
{
    private readonly Dictionary<StateKey, AuthNode> _resolved = [];
    private readonly Dictionary<(string? Create, string? Levels), PowerLevels> _levels = [];
    private AuthNode? _checking;

    /// <summary>What was applied so far.</summary>
    public IReadOnlyDictionary<StateKey, AuthNode> Resolved => _resolved;

    /// <inheritdoc/>
    public PowerLevels PowerLevels => LevelsOf(Get(EventTypes.Create, ""), Get(EventTypes.PowerLevels, ""));

    /// <summary>An event of the state, without recourse to auth events.</summary>
    public AuthNode? Find(StateKey key) =>
        _resolved.TryGetValue(key, out var node) ? node : baseState?.Get(key) is { } id ? graph.Get(id) : null;

    /// <inheritdoc/>
    public Pdu? Get(string type, string stateKey)
    {
        if (Find(new StateKey(type, stateKey)) is { } node)
            return node.Pdu;
        if (type == EventTypes.Create && create is not null)
            return create;
        // "If a (event_type, state_key) key that is required for checking the authorisation rules is not present in the state, then the
        // appropriate state event from the event's auth_events is used if the auth event is not rejected."
        return _checking?.Parent(type, stateKey) is { IsRejected: false } parent ? parent.Pdu : null;
    }

    /// <summary>The power level of an event's sender, "when looking at their respective auth_events".</summary>
    public long SenderLevel(AuthNode node) => LevelsOf(
        create ?? node.Parent(EventTypes.Create, "")?.Pdu, node.Parent(EventTypes.PowerLevels, "")?.Pdu).Of(node.Pdu.Sender);

    /// <summary>Loads what judging these events may look at.</summary>
    public async ValueTask PrepareAsync(IReadOnlyCollection<AuthNode> nodes)
    {
        await graph.LoadParentsAsync(nodes);
        if (baseState is null)
            return;
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            ImmutableArray<StateKey> keys = [new(EventTypes.Create, ""), .. AuthTypes.For(version, node.Pdu)];
            foreach (var key in keys)
            {
                if (await baseState.LoadAsync(key) is { } id)
                    ids.Add(id);
            }
        }

        await graph.LoadAsync(ids);
    }

    /// <summary>The iterative auth checks: applies those events, in this order, that the state so far allows.</summary>
    public void Apply(IEnumerable<AuthNode> nodes)
    {
        foreach (var node in nodes)
        {
            _checking = node;
            if (AuthRules.Check(version, node.Pdu, this).IsAllowed)
                _resolved[node.Key] = node;
        }

        _checking = null;
    }

    private PowerLevels LevelsOf(Pdu? createEvent, Pdu? powerLevels)
    {
        var key = (createEvent?.EventId, powerLevels?.EventId);
        if (!_levels.TryGetValue(key, out var levels))
        {
            levels = PowerLevels.Of(version, createEvent, powerLevels);
            _levels.Add(key, levels);
        }

        return levels;
    }
}
