using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>The algorithm of room v1. A place where only some states have an event is no conflict here.</summary>
internal sealed class StateResolutionV1 : IAuthState
{
    private readonly RoomVersion _version;
    private readonly Dictionary<StateKey, Pdu> _resolved = [];
    private readonly Dictionary<StateKey, Pdu> _common = [];
    private (Pdu? Create, Pdu? Levels, PowerLevels Value)? _levels;
    private Pdu? _own;

    private StateResolutionV1(RoomVersion version) => _version = version;

    /// <inheritdoc/>
    public PowerLevels PowerLevels
    {
        get
        {
            var create = Get(EventTypes.Create, "");
            var powerLevels = Get(EventTypes.PowerLevels, "");
            if (_levels is not { } known || known.Create != create || known.Levels != powerLevels)
                _levels = known = (create, powerLevels, PowerLevels.Of(_version, create, powerLevels));
            return known.Value;
        }
    }

    /// <inheritdoc/>
    public Pdu? Get(string type, string stateKey)
    {
        if (_own is not null && _own.Type == type && _own.StateKey == stateKey)
            return _own;
        var key = new StateKey(type, stateKey);
        return _resolved.TryGetValue(key, out var pdu) ? pdu : _common.GetValueOrDefault(key);
    }

    public static async ValueTask<Dictionary<StateKey, string?>> ResolveAsync(
        RoomVersion version, IReadOnlyCollection<ConflictedKey> conflicts, IResolutionSource source, CancellationToken cancellationToken)
    {
        var ids = conflicts.SelectMany(c => c.EventIds).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var events = (await source.GetEventsAsync(ids, cancellationToken))
            .ToDictionary(e => e.Pdu.EventId, e => e.Pdu, StringComparer.Ordinal);
        var lists = conflicts.ToDictionary(
            c => c.Key,
            c => c.EventIds.OfType<string>().Distinct().Select(id => events.GetValueOrDefault(id)).OfType<Pdu>().ToList());
        var state = new StateResolutionV1(version);
        await state.LoadCommonAsync(lists, source, cancellationToken);
        return state.Resolve(lists);
    }

    private Dictionary<StateKey, string?> Resolve(Dictionary<StateKey, List<Pdu>> lists)
    {
        Pass(lists.Where(l => l.Value.Count == 1), list => list[0]);
        foreach (var type in new[] { EventTypes.PowerLevels, EventTypes.JoinRules, EventTypes.Member })
            Pass(lists.Where(l => l.Key.Type == type && l.Value.Count > 1), ResolveAuthEvents);
        Pass(lists.Where(l => l.Value.Count > 1 && !_resolved.ContainsKey(l.Key)).ToList(), ResolveOthers);
        return lists.ToDictionary(l => l.Key, l => _resolved.GetValueOrDefault(l.Key)?.EventId);
    }

    // The specification gives the places of one pass no order, so they do not see each other's outcome.
    private void Pass(IEnumerable<KeyValuePair<StateKey, List<Pdu>>> lists, Func<List<Pdu>, Pdu> resolve)
    {
        List<(StateKey Key, Pdu Pdu)> outcome = [.. lists.Select(l => (l.Key, resolve(l.Value)))];
        foreach (var (key, pdu) in outcome)
            _resolved[key] = pdu;
    }

    /// <summary>From the least deep on, as far as each is allowed with the one before it in place.</summary>
    private Pdu ResolveAuthEvents(List<Pdu> events)
    {
        var ordered = HighestFirst(events);
        var current = ordered[^1];
        for (var i = ordered.Count - 2; i >= 0; i--)
        {
            _own = current;
            var isAllowed = AuthRules.Check(_version, ordered[i], this).IsAllowed;
            _own = null;
            if (!isAllowed)
                break;
            current = ordered[i];
        }

        return current;
    }

    /// <summary>The deepest that is allowed. When none is, which the specification does not provide for, the least deep.</summary>
    private Pdu ResolveOthers(List<Pdu> events)
    {
        var ordered = HighestFirst(events);
        return ordered.Find(e => AuthRules.Check(_version, e, this).IsAllowed) ?? ordered[^1];
    }

    /// <summary>By descending depth, then ascending SHA-1 of the event id.</summary>
    private static List<Pdu> HighestFirst(List<Pdu> events) =>
    [
        .. events.OrderByDescending(e => e.Depth).ThenBy(e => Sha1(e.EventId), StringComparer.Ordinal),
    ];

    [SuppressMessage("Security", "CA5350", Justification = "The algorithm orders by SHA-1; nothing is protected by it.")]
    private static string Sha1(string eventId) => Convert.ToHexString(SHA1.HashData(Encoding.UTF8.GetBytes(eventId)));

    private async ValueTask LoadCommonAsync(
        Dictionary<StateKey, List<Pdu>> lists, IResolutionSource source, CancellationToken cancellationToken)
    {
        ImmutableArray<StateKey> create = [new(EventTypes.Create, "")];
        var keys = lists.Values.SelectMany(l => l).SelectMany(e => create.Concat(AuthTypes.For(_version, e))).Where(k => !lists.ContainsKey(k)).ToHashSet();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            if (await source.GetUnconflictedAsync(key, cancellationToken) is { } id)
                ids.Add(id);
        }

        foreach (var found in await source.GetEventsAsync(ids, cancellationToken))
            _common[new StateKey(found.Pdu.Type, found.Pdu.StateKey ?? "")] = found.Pdu;
    }
}
