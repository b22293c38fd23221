using System.Collections.Immutable;
using Orleans.Concurrency;

namespace Orleans.Embedded.Tests.Grains;

public interface IHas<T>
{
    Task<T?> Get(T? fallback = default);

    ValueTask<IReadOnlyDictionary<string, List<T?>>> All();
}

public interface INamed : IGrainWithIntegerKey
{
    Task<string> Name();

    Task<string> Greeting() => Task.FromResult("default");
}

public static class Outer
{
    public interface IOddGrain : INamed, IHas<string>
    {
        Task<int> @event(int @class, string? @object);

        Task<(int Number, string? Text)> Overload(int number);

        Task<string> Overload(string text, params string[] more);

        Task<T> Same<T>(T value);

        ValueTask<TList> Make<TList, TItem>(TItem item) where TList : class, ICollection<TItem>, new() where TItem : struct;

        ValueTask<ImmutableArray<DayOfWeek?>> Days(DayOfWeek? first, CancellationToken cancellationToken);

        new Task<string> Name();

        [OneWay]
        ValueTask Forget(string note);
    }

    internal sealed class OddGrain(Gates gates) : Grain, IOddGrain
    {
        public Task<string?> Get(string? fallback = null) => Task.FromResult(fallback);

        public ValueTask<IReadOnlyDictionary<string, List<string?>>> All() =>
            new(new Dictionary<string, List<string?>> { ["a"] = [null, "b"] });

        Task<string> INamed.Name() => Task.FromResult("inherited " + this.GetPrimaryKeyLong());

        public Task<string> Name() => Task.FromResult("own");

        public Task<int> @event(int @class, string? @object) => Task.FromResult(@class + (@object?.Length ?? 0));

        public Task<(int Number, string? Text)> Overload(int number) => Task.FromResult((number, (string?)null));

        public Task<string> Overload(string text, params string[] more) => Task.FromResult(text + string.Concat(more));

        public Task<T> Same<T>(T value) => Task.FromResult(value);

        public ValueTask<TList> Make<TList, TItem>(TItem item) where TList : class, ICollection<TItem>, new() where TItem : struct =>
            new(new TList { item });

        public ValueTask<ImmutableArray<DayOfWeek?>> Days(DayOfWeek? first, CancellationToken cancellationToken) => new([first, null]);

        public ValueTask Forget(string note)
        {
            gates.Reach(note);
            return default;
        }
    }
}

public interface IGuidGrain : IGrainWithGuidKey
{
    Task<(Guid Key, string Type)> Me();
}

[GrainType("by-guid")]
public sealed class SomeGuidGrain : Grain, IGuidGrain
{
    public Task<(Guid Key, string Type)> Me() => Task.FromResult((this.GetPrimaryKey(), this.GetGrainId().Type.ToString()));
}
