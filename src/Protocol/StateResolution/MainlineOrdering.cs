using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>
/// The mainline ordering (room v2, State resolution, Definitions). The mainline, which can be long, is followed down only as far as the
/// events to be sorted need it.
/// </summary>
internal sealed class MainlineOrdering(AuthGraph graph, AuthNode? powerLevels)
{
    private readonly Dictionary<AuthNode, long> _positions = [];
    private AuthNode? _last;
    private long _length;

    /// <summary>Sorts events by the mainline of the power levels given.</summary>
    public async ValueTask<List<AuthNode>> SortAsync(IEnumerable<AuthNode> nodes)
    {
        var sorted = new List<(long Position, AuthNode Node)>();
        foreach (var node in nodes)
            sorted.Add((await PositionAsync(node), node));
        sorted.Sort((x, y) => Compare(x, y));
        return [.. sorted.Select(s => s.Node)];
    }

    private static int Compare((long Position, AuthNode Node) x, (long Position, AuthNode Node) y)
    {
        var byPosition = y.Position.CompareTo(x.Position);
        if (byPosition != 0)
            return byPosition;
        var byTime = x.Node.Pdu.OriginServerTs.CompareTo(y.Node.Pdu.OriginServerTs);
        return byTime != 0 ? byTime : string.CompareOrdinal(x.Node.Id, y.Node.Id);
    }

    /// <summary>The mainline position of an event: long.MaxValue stands for infinity.</summary>
    private async ValueTask<long> PositionAsync(AuthNode node)
    {
        if (powerLevels is null)
            return long.MaxValue;
        var path = new List<AuthNode>();
        var position = long.MaxValue;
        for (var e = await PowerLevelsOf(node); e is not null; e = await PowerLevelsOf(e))
        {
            await ExtendToAsync(e.Generation!.Value);
            if (_positions.TryGetValue(e, out position))
                break;
            path.Add(e);
            position = long.MaxValue;
        }

        // Power levels beside the mainline have the position of the place where they meet it: the next event need not look again.
        foreach (var e in path)
            _positions.Add(e, position);
        return position;
    }

    /// <summary>Follows the mainline down to the first event whose generation is not above the one given.</summary>
    private async ValueTask ExtendToAsync(int generation)
    {
        if (_last is null)
        {
            _last = powerLevels!;
            _positions.Add(_last, _length++);
        }

        while (_last.Generation > generation && await PowerLevelsOf(_last) is { } next)
        {
            _last = next;
            _positions.Add(next, _length++);
        }
    }

    private async ValueTask<AuthNode?> PowerLevelsOf(AuthNode node)
    {
        await graph.LoadParentsAsync([node]);
        return node.Parent(EventTypes.PowerLevels, "");
    }
}
