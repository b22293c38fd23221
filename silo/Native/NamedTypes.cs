using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;

namespace OrleansMatrix.Silo.Native;

/// <summary>
/// Types that interfaces of Orleans' serializers name. Orleans reads the interfaces of all of them at the start, so that an executable compiled ahead must know
/// these by name, though nothing of them is used.
/// </summary>
internal static class NamedTypes
{
    public static IReadOnlyList<Type> All { get; } =
    [
        typeof(SortedDictionary<,>), typeof(SortedList<,>), typeof(SortedSet<>), typeof(Stack<>), typeof(ConcurrentDictionary<,>),
        typeof(FrozenDictionary<,>), typeof(FrozenSet<>), typeof(ImmutableArray<>), typeof(ImmutableDictionary<,>), typeof(ImmutableHashSet<>),
        typeof(ImmutableList<>), typeof(ImmutableQueue<>), typeof(ImmutableSortedDictionary<,>), typeof(ImmutableSortedSet<>),
        typeof(ImmutableStack<>), typeof(ArraySegment<>), typeof(ConcurrentQueue<>), typeof(Comparer<>), typeof(Dictionary<,>),
        typeof(EqualityComparer<>), typeof(HashSet<>), typeof(ICollection<>), typeof(IDictionary<,>), typeof(IEnumerable<>), typeof(IList<>),
        typeof(IReadOnlyCollection<>), typeof(IReadOnlyDictionary<,>), typeof(IReadOnlyList<>), typeof(IReadOnlySet<>), typeof(ISet<>),
        typeof(KeyValuePair<,>), typeof(List<>), typeof(Queue<>), typeof(Collection<>), typeof(ReadOnlyCollection<>), typeof(ReadOnlyDictionary<,>),
        typeof(IEquatable<>), typeof(Memory<>), typeof(Nullable<>), typeof(ReadOnlyMemory<>), typeof(Tuple<>), typeof(Tuple<,>), typeof(Tuple<,,>),
        typeof(Tuple<,,,>), typeof(Tuple<,,,,>), typeof(Tuple<,,,,,>), typeof(Tuple<,,,,,,>), typeof(Tuple<,,,,,,,>), typeof(ValueTuple<>),
        typeof(ValueTuple<,>), typeof(ValueTuple<,,>), typeof(ValueTuple<,,,>), typeof(ValueTuple<,,,,>), typeof(ValueTuple<,,,,,>),
        typeof(ValueTuple<,,,,,,>), typeof(ValueTuple<,,,,,,,>),
    ];
}
