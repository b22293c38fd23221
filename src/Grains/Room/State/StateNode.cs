using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.State;

/// <summary>
/// An immutable node of the state tree. The shape follows from the content alone: a subtree of at most <see cref="BucketSize"/> entries is a leaf,
/// a larger one branches on the next nibble of the path. So equal states have equal roots, whatever their histories.
/// </summary>
internal abstract class StateNode
{
    /// <summary>The most entries of a leaf (but for one at the end of the path).</summary>
    public const int BucketSize = 16;
    public const int Fanout = 16;

    /// <summary>Entries in the subtree.</summary>
    public abstract int Count { get; }

    /// <summary>Rough size in memory, bytes.</summary>
    public abstract int Weight { get; }
}

/// <summary>Entries ordered by (type, state key), ordinal.</summary>
internal sealed class StateLeaf(StateEntry[] entries) : StateNode
{
    public StateEntry[] Entries { get; } = entries;
    public override int Count => Entries.Length;
    public override int Weight { get; } =
        64 + entries.Sum(e => 24 + 3 * 22 + 2 * (e.StateKey.Length + e.EventId.Length + (e.Type == StatePath.MemberType ? 0 : e.Type.Length)));

    /// <summary>The entry's index, or the complement of where it would go.</summary>
    public int Find(string type, string stateKey)
    {
        var (low, high) = (0, Entries.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = Compare(Entries[middle], type, stateKey);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }

    public static int Compare(StateEntry entry, string type, string stateKey)
    {
        var order = string.CompareOrdinal(entry.Type, type);
        return order != 0 ? order : string.CompareOrdinal(entry.StateKey, stateKey);
    }
}

/// <summary>Sixteen subtrees, told apart by the next nibble of the path; absent ones have a count of 0.</summary>
internal sealed class StateBranch(StateChild[] children) : StateNode
{
    public StateChild[] Children { get; } = children;
    public override int Count { get; } = children.Sum(c => c.Count);
    public override int Weight => 64 + 32 * Fanout;
}

internal readonly record struct StateChild(StateNodeId Id, int Count);
