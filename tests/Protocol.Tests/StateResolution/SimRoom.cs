using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.StateResolution;
using OrleansMatrix.Protocol.Tests.Authorization;
using State = System.Collections.Generic.Dictionary<OrleansMatrix.Protocol.Authorization.StateKey, string>;

namespace OrleansMatrix.Protocol.Tests.StateResolution;

/// <summary>A room in memory: its events, and resolving states of them. Event ids are short names.</summary>
internal sealed class SimRoom
{
    public const string Creator = "@creator:one";
    private readonly Dictionary<string, SimEvent> _events = new(StringComparer.Ordinal);

    public SimRoom(RoomVersion version, string extraCreateContent = "")
    {
        Version = version;
        RoomId = version.RoomIdIsCreateHash ? "!create" : "!room:one";
        var more = extraCreateContent.Length > 0 ? "," + extraCreateContent : "";
        Add(new TestPdu(version, "$create", EventTypes.Create, Creator, "", $$"""{"creator":"{{Creator}}"{{more}}}""")
        {
            RoomId = version.RoomIdIsCreateHash ? null : RoomId,
        });
    }

    public RoomVersion Version { get; }

    public string RoomId { get; }

    public IReadOnlyDictionary<string, SimEvent> Events => _events;

    /// <summary>Whether the source has generations and an index of who cites whom.</summary>
    public bool HasGenerations { get; init; } = true;

    public bool HasCitingIndex { get; init; } = true;

    public Pdu Add(TestPdu pdu, bool isRejected = false)
    {
        var built = pdu.Build();
        var generation = 1 + built.AuthEvents.Select(id => _events.TryGetValue(id, out var e) ? e.Generation : 0).DefaultIfEmpty().Max();
        _events.Add(built.EventId, new SimEvent(built, isRejected, generation));
        return built;
    }

    /// <summary>Adds a state event that is authorised by a state, and gives the state after it.</summary>
    public State Send(
        State before, string name, string type, string stateKey, string sender, string content, long ts = 1000, long depth = 1, bool expectAllowed = true)
    {
        var draft = new TestPdu(
            Version, "$" + name, type, sender, stateKey, content)
        { RoomId = RoomId, OriginServerTs = ts, Depth = depth, PrevEvents = ["$create", "$x"] };
        var pdu = Add(draft with { AuthEvents = AuthEventsOf(draft, before) });
        var result = AuthRules.Check(Version, pdu, StateOf(before));
        Assert.True(result.IsAllowed == expectAllowed, $"{name}: {result}");
        return new State(before) { [new StateKey(type, stateKey)] = pdu.EventId };
    }

    public State Member(State before, string name, string target, string membership, string? sender = null, long ts = 1000, bool expectAllowed = true) =>
        Send(before, name, EventTypes.Member, target, sender ?? target, $$"""{"membership":"{{membership}}"}""", ts, expectAllowed: expectAllowed);

    public string[] AuthEventsOf(TestPdu draft, State state) =>
        [.. AuthTypes.For(Version, draft.Build()).Select(k => state.GetValueOrDefault(k)).OfType<string>()];

    public AuthState StateOf(State state) => new(Version, state.Values.Select(id => _events[id].Pdu));

    /// <summary>The room with its creator joined, power levels and a public join rule.</summary>
    public State Start(string users = "")
    {
        var state = new State { [new StateKey(EventTypes.Create, "")] = "$create" };
        var join = new TestPdu(
            Version, "$creator", EventTypes.Member, Creator, Creator, """{"membership":"join"}""")
        { RoomId = RoomId, PrevEvents = ["$create"] };
        Add(join with { AuthEvents = AuthEventsOf(join, state) });
        state[new StateKey(EventTypes.Member, Creator)] = "$creator";
        state = Send(state, "levels", EventTypes.PowerLevels, "", Creator, $$"""{"users":{{{Users(users)}}} }""");
        return Send(state, "public", EventTypes.JoinRules, "", Creator, """{"join_rule":"public"}""");
    }

    /// <summary>The members of <c>users</c> with the creator among them where creators are named.</summary>
    public string Users(string users) => Version.PrivilegedCreators ? users : $"\"{Creator}\":100{(users.Length > 0 ? "," : "")}{users}";

    public State Resolve(params IReadOnlyList<State> states) => Resolve(out _, states);

    public State Resolve(out SimSource source, params IReadOnlyList<State> states)
    {
        var differences = states.Skip(1).Select(s => Differences(states[0], s)).ToList();
        source = new SimSource(this, states);
        var task = StateResolver.ResolveAsync(Version, ConflictedKey.FromDifferences(differences), source, CancellationToken.None).AsTask();
        Assert.True(task.IsCompleted, "It waits for its source only");
        var result = source.Unconflicted.ToDictionary();
        foreach (var (key, id) in task.Result)
        {
            if (id is not null)
                result.Add(key, id);
        }

        return result;
    }

    public State ResolveSlowly(params IReadOnlyList<State> states) => Version.StateResolution == StateResolutionAlgorithm.V1
        ? SlowResolutionV1.Resolve(states, _events)
        : new SlowResolution(Version, _events).Resolve(states);

    private static IEnumerable<(StateKey, string?, string?)> Differences(State first, State other) => first.Keys.Union(other.Keys)
        .Where(k => first.GetValueOrDefault(k) != other.GetValueOrDefault(k))
        .Select(k => (k, first.GetValueOrDefault(k), other.GetValueOrDefault(k)));
}
