using Microsoft.Extensions.DependencyInjection;
using Orleans.Embedded.Tests.Grains;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Embedded.Tests;

public class ContextTests
{
    [Fact]
    public async Task The_request_context_goes_with_calls_and_does_not_come_back()
    {
        await using var cluster = await StartAsync();
        var grain = cluster.Grains.GetGrain<IContextGrain>("a");
        RequestContext.Set("name", "value");
        Assert.Equal("value", await grain.Read("name"));
        Assert.Equal("value", await grain.ReadAfterAwait("name"));
        Assert.Equal("value", await grain.ReadThrough("b", "name"));
        Assert.Equal("by a", await grain.ReadThrough("b", "extra"));
        Assert.Null(RequestContext.Get("extra"));
        Assert.True(RequestContext.Remove("name"));
        Assert.Equal("", await grain.Read("name"));
        Assert.Empty(RequestContext.Keys);
    }

    [Fact]
    public async Task The_request_context_of_one_call_is_not_seen_by_the_next()
    {
        await using var cluster = await StartAsync();
        var grain = cluster.Grains.GetGrain<IContextGrain>("a");
        await grain.Leak("name", "leaked");
        Assert.Equal("", await grain.Read("name"));
        RequestContext.Set("mine", "set");
        Task<string>[] calls = [grain.Read("mine"), grain.Read("mine")];
        RequestContext.Clear();
        var without = grain.Read("mine");
        Assert.All(await Task.WhenAll(calls), value => Assert.Equal("set", value));
        Assert.Equal("", await without);
    }

    [Fact]
    public async Task A_grain_gets_its_services_from_a_scope_of_its_own()
    {
        await using var cluster = await StartAsync();
        Assert.Equal("True keyed context/a True True", await cluster.Grains.GetGrain<IContextGrain>("a").Services());
    }

    [Fact]
    public async Task Filters_stand_around_calls_in_their_order()
    {
        List<string> notes = [];
        await using var cluster = await StartAsync(silo => silo
            .AddIncomingGrainCallFilter(new Filter(notes, "outer"))
            .AddIncomingGrainCallFilter(new Filter(notes, "inner")));
        Assert.Equal("changed by inner changed by outer", await cluster.Grains.GetGrain<IContextGrain>("a").Read("none"));
        Assert.Equal(["outer Read context/a", "inner Read context/a", "inner after", "outer after"], notes);
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => cluster.Grains.GetGrain<IContextGrain>("a").Leak("x", "y"));
    }

    [Fact]
    public async Task An_observer_is_called_until_it_is_deleted()
    {
        await using var cluster = await StartAsync();
        var watcher = new Watcher();
        var reference = cluster.Grains.CreateObjectReference<IWatcher>(watcher);
        var subject = cluster.Grains.GetGrain<ISubjectGrain>("a");
        Assert.Equal(1, await subject.Show(reference, "first"));
        Assert.Equal(2, await subject.Show(reference, "second"));
        Assert.Equal(["first", "second"], watcher.Seen);
        cluster.Grains.DeleteObjectReference<IWatcher>(reference);
        await Assert.ThrowsAsync<ClientNotAvailableException>(() => subject.Show(reference, "third"));
        Assert.Equal(2, watcher.Seen.Count);
        GC.KeepAlive(watcher);
    }

    private static Task<TestCluster> StartAsync(Action<ISiloBuilder>? configure = null) => TestCluster.StartAsync(1, silo =>
    {
        silo.Services.AddScoped<ScopedThing>();
        silo.Services.AddKeyedSingleton("k", "keyed");
        configure?.Invoke(silo);
    });

    private sealed class Filter(List<string> notes, string name) : IIncomingGrainCallFilter
    {
        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.MethodName == "Leak")
                throw new UnauthorizedAccessException(context.Request.GetArgument(0)?.ToString());
            notes.Add($"{name} {context.MethodName} {context.TargetId}");
            await context.Invoke();
            notes.Add($"{name} after");
            context.Result = $"{context.Result} changed by {name}".Trim();
        }
    }

    private sealed class Watcher : IWatcher
    {
        public List<string> Seen { get; } = [];

        public void See(string what) => Seen.Add(what);

        public Task<int> Count() => Task.FromResult(Seen.Count);
    }
}
