using System.Text;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.StateResolution;

namespace OrleansMatrix.Benchmarks;

/// <summary>A room with many members and long chains of power levels, and three forks of a few events each.</summary>
internal sealed class ForkedRoom : IResolutionSource
{
    private const string Creator = "@creator:example.org";
    private readonly RoomVersion _version;
    private readonly Dictionary<string, ResolutionEvent> _events = new(StringComparer.Ordinal);
    private readonly Dictionary<StateKey, string> _common = [];
    private readonly Dictionary<StateKey, string?[]> _forks = [];
    private readonly Dictionary<string, List<string>> _citing = new(StringComparer.Ordinal);

    public ForkedRoom(RoomVersion version, int members)
    {
        _version = version;
        Add(EventTypes.Create, "", Creator, """{"creator":"@creator:example.org"}""");
        Add(EventTypes.Member, Creator, Creator, """{"membership":"join"}""");
        for (var i = 0; i < 200; i++)
            Add(EventTypes.PowerLevels, "", Creator, $$"""{"users":{{{Users}}},"kick":{{i % 50}} }""");
        Add(EventTypes.JoinRules, "", Creator, """{"join_rule":"public"}""");
        for (var i = 0; i < members; i++)
            Add(EventTypes.Member, $"@m{i}:example.org", $"@m{i}:example.org", """{"membership":"join"}""");
        for (var fork = 0; fork < 3; fork++)
        {
            Add("m.room.topic", "", Creator, $$"""{"topic":"{{fork}}"}""", fork);
            Add(EventTypes.PowerLevels, "", Creator, $$"""{"users":{{{Users}}},"ban":{{fork}} }""", fork);
            Add(EventTypes.Member, $"@m{fork}:example.org", Creator, """{"membership":"ban"}""", fork);
            for (var i = 0; i < 5; i++)
                Add(EventTypes.Member, $"@new{fork}{i}:example.org", $"@new{fork}{i}:example.org", """{"membership":"join"}""", fork);
        }

        foreach (var key in _forks.Keys)
            _common.Remove(key);
        Conflicts = [.. _forks.Select(f => new ConflictedKey(f.Key, [.. f.Value]))];
    }

    public IReadOnlyCollection<ConflictedKey> Conflicts { get; }

    private string Users => _version.PrivilegedCreators ? "\"@m9:example.org\":50" : $"\"{Creator}\":100";

    public ValueTask<IReadOnlyCollection<ResolutionEvent>> GetEventsAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken)
    {
        var found = new List<ResolutionEvent>(eventIds.Count);
        foreach (var id in eventIds)
        {
            if (_events.TryGetValue(id, out var e))
                found.Add(e);
        }

        return new(found);
    }

    public ValueTask<string?> GetUnconflictedAsync(StateKey key, CancellationToken cancellationToken) => new(_common.GetValueOrDefault(key));

    public ValueTask<IReadOnlyCollection<string>?> GetCitingAsync(string eventId, CancellationToken cancellationToken) =>
        new(_citing.GetValueOrDefault(eventId) ?? []);

    public ValueTask<IReadOnlyCollection<string>> GetUnconflictedIdsAsync(int lowestGeneration, CancellationToken cancellationToken) =>
        new(_common.Values);

    private void Add(string type, string stateKey, string sender, string content, int? fork = null)
    {
        var id = type == EventTypes.Create ? "$create" : $"$e{_events.Count}";
        string? Current(StateKey key) => fork is { } f && _forks.TryGetValue(key, out var ids) ? ids[f] : _common.GetValueOrDefault(key);
        var json = Encoding.UTF8.GetBytes(content);
        using var parsed = System.Text.Json.JsonDocument.Parse(json);
        var auth = AuthTypes.For(_version, type, sender, stateKey, parsed.RootElement).Select(Current).OfType<string>().ToArray();
        var roomId = type == EventTypes.Create && _version.RoomIdIsCreateHash ? "" : $"\"room_id\":\"{RoomId}\",";
        var canonical = $$"""{"auth_events":[{{string.Join(',', auth.Select(a => $"\"{a}\""))}}],"content":{{content}},"depth":1,"hashes":{"sha256":"x"},"origin_server_ts":{{_events.Count}},"prev_events":["$x"],{{roomId}}"sender":"{{sender}}","signatures":{},"state_key":"{{stateKey}}","type":"{{type}}"}""";
        var pdu = Pdu.FromStored(Encoding.UTF8.GetBytes(canonical), _version, id);
        _events.Add(id, new ResolutionEvent(pdu, false, 1 + auth.Select(a => _events[a].Generation!.Value).DefaultIfEmpty().Max()));
        foreach (var a in auth)
        {
            if (!_citing.TryGetValue(a, out var list))
                _citing.Add(a, list = []);
            list.Add(id);
        }

        var key = new StateKey(type, stateKey);
        if (fork is null)
        {
            _common[key] = id;
            return;
        }

        if (!_forks.TryGetValue(key, out var forks))
        {
            forks = new string?[3];
            Array.Fill(forks, _common.GetValueOrDefault(key));
            _forks.Add(key, forks);
        }

        forks[fork.Value] = id;
    }

    private string RoomId => _version.RoomIdIsCreateHash ? "!create" : "!room:example.org";
}
