using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Tests.Room.State;

public class StateMapTests
{
    private readonly InMemoryNodeStore _store = new();
    private readonly PendingStateNodes _pending;
    private readonly StateMap _map;

    public StateMapTests()
    {
        var cache = new StateNodeCache(_store);
        _pending = new PendingStateNodes(cache);
        _map = new StateMap(cache, _pending);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Random_operations_give_what_a_dictionary_gives_and_a_root_that_depends_on_the_content_alone(int seed)
    {
        var random = new Random(seed);
        var model = new Dictionary<(string, string), string>();
        var root = StateNodeId.Empty;
        for (var step = 0; step < 3000; step++)
        {
            // Grow, shrink, grow again, so that leaves split and branches collapse at many sizes.
            var shrinking = step % 1000 > 700;
            var key = Key(random.Next(shrinking ? 150 : 400));
            if (random.Next(10) < (shrinking ? 8 : 2))
            {
                model.Remove(key);
                root = await _map.SetAsync(root, key.Type, key.StateKey, null);
            }
            else
            {
                var id = EventId(random.Next(5000));
                model[key] = id;
                root = await _map.SetAsync(root, key.Type, key.StateKey, id);
            }

            if (step % 100 == 0)
            {
                Assert.Equal(root, _map.Build(Shuffled(model, random)));
                Assert.Equal(model.Count, await _map.CountAsync(root));
                Commit();
            }
        }

        Assert.Equal(Sorted(model), Sorted(await _map.ListAsync(root)));
        foreach (var (key, id) in model)
            Assert.Equal(id, await _map.GetAsync(root, key.Item1, key.Item2));
        foreach (var key in model.Keys.ToList())
            root = await _map.SetAsync(root, key.Item1, key.Item2, null);
        Assert.Equal(StateNodeId.Empty, root);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 5)]
    [InlineData(5, 300)]
    [InlineData(16, 17)]
    [InlineData(300, 300)]
    [InlineData(1000, 3)]
    public async Task Diff_is_the_naive_difference(int oldSize, int newSize)
    {
        var random = new Random(oldSize * 31 + newSize);
        var (a, b) = (RandomState(random, oldSize), RandomState(random, newSize));
        var changes = await _map.DiffAsync(_map.Build(Entries(a)), _map.Build(Entries(b)));
        var naive = a.Keys.Union(b.Keys).Where(k => a.GetValueOrDefault(k) != b.GetValueOrDefault(k))
            .Select(k => new StateChange(k.Item1, k.Item2, a.GetValueOrDefault(k), b.GetValueOrDefault(k)));
        Assert.Equal(naive.Order(s_byKey), changes.Order(s_byKey));
    }

    [Fact]
    public async Task A_change_in_a_large_room_shares_all_but_one_path()
    {
        var root = _map.Build(Enumerable.Range(0, 20_000).Select(i => new StateEntry("m.room.member", $"@user{i}:example.org", EventId(i))));
        Commit();
        var before = _store.Nodes.Count;
        var changed = await _map.SetAsync(root, "m.room.member", "@user77:example.org", EventId(99_999));
        var unit = Commit();

        Assert.InRange(_store.Nodes.Count - before, 1, 6);
        Assert.InRange(unit.Writes.Sum(w => ((NodeWrite)w).Node.Length), 1, 4000);
        Assert.Equal(root, await _map.SetAsync(changed, "m.room.member", "@user77:example.org", EventId(77)));
    }

    [Fact]
    public async Task Diff_and_lookup_of_a_large_room_load_only_the_nodes_they_need()
    {
        var root = _map.Build(Enumerable.Range(0, 20_000).Select(i => new StateEntry("m.room.member", $"@user{i}:example.org", EventId(i))));
        var changed = await _map.SetAsync(root, "m.room.member", "@user5:example.org", null);
        Commit();
        var cold = new StateMap(new StateNodeCache(_store));

        Assert.Equal(EventId(4), await cold.GetAsync(changed, "m.room.member", "@user4:example.org"));
        Assert.InRange(_store.NodesRead, 1, 6);
        _store.NodesRead = 0;
        Assert.Equal([new StateChange("m.room.member", "@user5:example.org", EventId(5), null)], await cold.DiffAsync(root, changed));
        Assert.InRange(_store.NodesRead, 1, 12);
    }

    [Fact]
    public async Task Members_and_the_rest_are_read_apart()
    {
        var members = Enumerable.Range(0, 500).Select(i => new StateEntry("m.room.member", $"@u{i}:x", EventId(i))).ToList();
        var others = Enumerable.Range(0, 40).Select(i => new StateEntry("m.test", $"{i}", EventId(1000 + i))).ToList();
        var root = _map.Build([.. members, .. others]);
        Commit();
        var cold = new StateMap(new StateNodeCache(_store));

        Assert.Equal(others.Order(s_entryByKey), (await cold.ListAsync(root, StatePart.NonMembers)).Order(s_entryByKey));
        Assert.InRange(_store.NodesRead, 1, 20);
        Assert.Equal(members.Order(s_entryByKey), (await cold.ListAsync(root, StatePart.Members)).Order(s_entryByKey));

        var small = _map.Build([members[0], others[0]]);
        Assert.Equal([others[0]], await _map.ListAsync(small, StatePart.NonMembers));
        Assert.Equal([members[0]], await _map.ListAsync(small, StatePart.Members));
    }

    [Fact]
    public async Task Hostile_keys_stay_apart_and_come_back_exactly()
    {
        string[] texts = ["", "\0", "a", "ab", "b", "m.room.member", "é", "e\u0301", "😀", new string('x', 255), " ", "\r\n", "A"];
        string[] ids = ["$", "$x:y", "$" + new string('A', 43), "$" + new string('A', 42) + "B", "$" + new string('+', 43), "$" + new string('_', 43),
            "$" + new string('€', 43)];
        var model = new Dictionary<(string, string), string>();
        foreach (var type in texts)
        {
            foreach (var stateKey in texts)
                model[(type, stateKey)] = ids[model.Count % ids.Length];
        }

        var root = _map.Build(Entries(model));
        Commit();
        var cold = new StateMap(new StateNodeCache(_store));
        Assert.Equal(Sorted(model), Sorted(await cold.ListAsync(root)));
        foreach (var (key, id) in model)
            Assert.Equal(id, await cold.GetAsync(root, key.Item1, key.Item2));
    }

    [Fact]
    public async Task Nodes_can_be_read_before_their_commit_and_after_the_cache_has_dropped_them()
    {
        var cache = new StateNodeCache(_store, maxBytes: 1);
        var pending = new PendingStateNodes(cache);
        var map = new StateMap(cache, pending);
        var root = map.Build(Enumerable.Range(0, 100).Select(i => new StateEntry("m.room.member", $"@u{i}:x", EventId(i))));
        Assert.Equal(EventId(7), await map.GetAsync(root, "m.room.member", "@u7:x"));

        var unit = new WriteUnit();
        var ids = pending.Write(_store, unit);
        Assert.Equal(EventId(7), await map.GetAsync(root, "m.room.member", "@u7:x"));
        _store.Commit(unit);
        pending.Committed(ids);
        Assert.True(pending.IsEmpty);
        Assert.Equal(EventId(7), await map.GetAsync(root, "m.room.member", "@u7:x"));
    }

    [Fact]
    public async Task A_node_made_by_two_units_stays_readable_until_both_are_durable_and_is_written_by_both()
    {
        var first = new WriteUnit();
        var a = await _map.SetAsync(StateNodeId.Empty, "m.room.name", "", "$a");
        var firstIds = _pending.Write(_store, first);
        var second = new WriteUnit();
        Assert.Equal(a, await _map.SetAsync(await _map.SetAsync(a, "m.room.name", "", "$b"), "m.room.name", "", "$a"));
        var secondIds = _pending.Write(_store, second);

        Assert.Contains(second.Writes, w => ((NodeWrite)w).Id == a);
        _pending.Committed(firstIds);
        Assert.False(_pending.IsEmpty);
        _pending.Committed(secondIds);
        Assert.True(_pending.IsEmpty);
    }

    [Fact]
    public async Task Discarded_nodes_are_not_written()
    {
        await _map.SetAsync(StateNodeId.Empty, "m.room.name", "", "$a");
        _pending.DiscardUnwritten();
        Assert.True(_pending.IsEmpty);
        var unit = new WriteUnit();
        Assert.Empty(_pending.Write(_store, unit));
        Assert.True(unit.IsEmpty);
    }

    [Fact]
    public async Task The_cache_keeps_to_its_size_and_drops_the_least_recently_used()
    {
        var root = _map.Build(Enumerable.Range(0, 5000).Select(i => new StateEntry("m.room.member", $"@u{i}:x", EventId(i))));
        Commit();
        var cache = new StateNodeCache(_store, maxBytes: 50_000);
        var cold = new StateMap(cache);
        Assert.Equal(5000, (await cold.ListAsync(root)).Count);
        Assert.InRange(cache.Bytes, 1, 50_000);
        await cold.GetAsync(root, "m.room.member", "@u1:x");
        _store.NodesRead = 0;
        await cold.GetAsync(root, "m.room.member", "@u1:x");
        Assert.Equal(0, _store.NodesRead);
    }

    [Fact]
    public void Cut_off_or_foreign_bytes_are_a_fault_and_nothing_worse()
    {
        _map.Build(Enumerable.Range(0, 40).Select(i => new StateEntry("m.test", $"{i}", EventId(i))));
        Commit();
        var random = new Random(5);
        foreach (var node in _store.Nodes.Values)
        {
            for (var length = 0; length < node.Length; length++)
                Assert.Throws<InvalidDataException>(() => StateNodeCodec.Decode(node.Span[..length]));
        }

        for (var i = 0; i < 2000; i++)
        {
            var noise = new byte[random.Next(40)];
            random.NextBytes(noise);
            try
            {
                StateNodeCodec.Decode(noise);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    [Fact]
    public async Task A_missing_node_is_a_fault()
    {
        var cold = new StateMap(new StateNodeCache(_store));
        await Assert.ThrowsAsync<InvalidDataException>(async () => await cold.GetAsync(new StateNodeId(1), "a", "b"));
        await Assert.ThrowsAsync<InvalidDataException>(async () => await cold.ListAsync(new StateNodeId(1)));
    }

    private static readonly Comparer<StateChange> s_byKey =
        Comparer<StateChange>.Create((a, b) => string.CompareOrdinal(a.Type + "|" + a.StateKey, b.Type + "|" + b.StateKey));

    private static readonly Comparer<StateEntry> s_entryByKey = Comparer<StateEntry>.Create((a, b) => string.CompareOrdinal(a.StateKey, b.StateKey));

    private WriteUnit Commit()
    {
        var unit = new WriteUnit();
        var ids = _pending.Write(_store, unit);
        _store.Commit(unit);
        _pending.Committed(ids);
        return unit;
    }

    private static (string Type, string StateKey) Key(int i) => (i % 3) switch
    {
        0 => ("m.room.member", $"@user{i}:example.org"),
        1 => ("m.room.member", $"@other{i}:remote.example"),
        _ => ("m.test." + i % 7, i.ToString()),
    };

    // Half hashes, half historic ids.
    private static string EventId(int i) =>
        i % 2 == 0 ? $"${i}:example.org"
            : "$" + System.Buffers.Text.Base64Url.EncodeToString(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(i)));

    private static Dictionary<(string, string), string> RandomState(Random random, int size)
    {
        var state = new Dictionary<(string, string), string>();
        for (var i = 0; i < size; i++)
            state[Key(random.Next(2 * size))] = EventId(random.Next(3));
        return state;
    }

    private static IEnumerable<StateEntry> Entries(Dictionary<(string, string), string> model) =>
        model.Select(p => new StateEntry(p.Key.Item1, p.Key.Item2, p.Value));

    private static StateEntry[] Shuffled(Dictionary<(string, string), string> model, Random random)
    {
        var entries = Entries(model).ToArray();
        random.Shuffle(entries);
        return entries;
    }

    private static List<StateEntry> Sorted(Dictionary<(string, string), string> model) => Sorted(Entries(model));

    private static List<StateEntry> Sorted(IEnumerable<StateEntry> entries) =>
        [.. entries.OrderBy(e => e.Type, StringComparer.Ordinal).ThenBy(e => e.StateKey, StringComparer.Ordinal)];
}
