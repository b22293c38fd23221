using System.Collections.Immutable;
using Orleans.Embedded.Tests.Messages;

namespace Orleans.Embedded.Tests
{
    public class MessageTypeCheckTests
    {
        [Fact]
        public void Records_of_plain_values_pass() => Assert.Equal([], MessageTypeCheck.Problems([typeof(IGood)]));

        [Theory]
        [InlineData(typeof(Unmarked), "Unmarked is not marked")]
        [InlineData(typeof(MutableOne), "MutableOne.A: it can be changed")]
        [InlineData(typeof(WithoutId), "WithoutId.A: it has no [Id]")]
        [InlineData(typeof(SameIds), "SameIds.B: its [Id(0)] is another member's too")]
        [InlineData(typeof(WithArray), "WithArray.A: Byte[] is not marked")]
        [InlineData(typeof(NoRecord), "NoRecord: it is not a record")]
        [InlineData(typeof(Open), "Open: it is neither sealed nor abstract")]
        public void What_breaks_the_rule_is_named(Type type, string problem)
        {
            var problems = MessageTypeCheck.Problems([type == typeof(Unmarked) ? typeof(IBad) : type]);
            Assert.Contains(problems, found => found.Contains(problem, StringComparison.Ordinal));
        }
    }
}

namespace Orleans.Embedded.Tests.Messages
{
    public interface IGood : IGrainWithStringKey
    {
        Task<Outcome<Good>> Do(Good good, ImmutableArray<Good> all, IGood other, CancellationToken cancellationToken);

        IAsyncEnumerable<ImmutableDictionary<string, DayOfWeek?>> Stream(ReadOnlyMemory<byte> bytes);
    }

    public interface IBad : IGrainWithStringKey
    {
        Task Do(Unmarked unmarked);
    }

    [GenerateSerializer, Immutable]
    public sealed record Good([property: Id(0)] string A, [Id(1)] int? B = null)
    {
        [Id(2)]
        public ImmutableArray<Point> Points { get; init; } = [];

        public int Sum => Points.Length;
    }

    [GenerateSerializer, Immutable]
    public readonly record struct Point([property: Id(0)] int X, [property: Id(1)] int Y);

    [GenerateSerializer, Immutable]
    public sealed record Outcome<T>([property: Id(0)] T? Value);

    public sealed record Unmarked(int A);

    [GenerateSerializer, Immutable]
    public sealed record MutableOne
    {
        [Id(0)]
        public int A { get; set; }
    }

    [GenerateSerializer, Immutable]
    public sealed record WithoutId(int A);

    [GenerateSerializer, Immutable]
    public sealed record SameIds([property: Id(0)] int A, [property: Id(0)] int B);

    [GenerateSerializer, Immutable]
    public sealed record WithArray([property: Id(0)] byte[] A);

    [GenerateSerializer, Immutable]
    public sealed class NoRecord
    {
        [Id(0)]
        public int A { get; init; }
    }

    [GenerateSerializer, Immutable]
    public record Open([property: Id(0)] int A);
}
