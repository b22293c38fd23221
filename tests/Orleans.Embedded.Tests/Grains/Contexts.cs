using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans.Embedded.Tests.Grains;

public interface IContextGrain : IGrainWithStringKey
{
    Task<string> Read(string name);

    Task<string> ReadAfterAwait(string name);

    Task<string> ReadThrough(string other, string name);

    Task Leak(string name, string value);

    ValueTask<string> Services();
}

/// <summary>A service that an activation has one of.</summary>
public sealed class ScopedThing : IDisposable
{
    public bool IsDisposed { get; private set; }

    public void Dispose() => IsDisposed = true;
}

public sealed class ContextGrain(ScopedThing thing, [FromKeyedServices("k")] string keyed, IGrainContext context, Gates? gates = null)
    : Grain, IContextGrain
{
    public Task<string> Read(string name) => Task.FromResult(RequestContext.Get(name) as string ?? "");

    public async Task<string> ReadAfterAwait(string name)
    {
        await Task.Delay(1);
        return RequestContext.Get(name) as string ?? "";
    }

    public Task<string> ReadThrough(string other, string name)
    {
        RequestContext.Set("extra", "by " + this.GetPrimaryKeyString());
        return GrainFactory.GetGrain<IContextGrain>(other).ReadAfterAwait(name);
    }

    // Not async, so that nothing restores the context after it.
    public Task Leak(string name, string value)
    {
        RequestContext.Set(name, value);
        return Task.CompletedTask;
    }

    public ValueTask<string> Services() => new(
        $"{ServiceProvider.GetRequiredService<ScopedThing>() == thing} {keyed} {context.GrainId} {gates is not null} {context.GrainInstance == this}");
}

public interface IWatcher : IGrainObserver
{
    void See(string what);

    Task<int> Count();
}

public interface ISubjectGrain : IGrainWithStringKey
{
    Task<int> Show(IWatcher watcher, string what);

    IAsyncEnumerable<int> Numbers(int count, string gate, CancellationToken cancellationToken = default);

    Task<string> Interleave();
}

public sealed class SubjectGrain(Gates gates) : Grain, ISubjectGrain
{
    public async Task<int> Show(IWatcher watcher, string what)
    {
        watcher.See(what);
        return await watcher.Count();
    }

    public async IAsyncEnumerable<int> Numbers(int count, string gate, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            for (var i = 0; i < count; i++)
            {
                if (i == 3)
                    await gates.Pass(gate).WaitAsync(cancellationToken);
                yield return i;
            }
            if (gate == "fail")
                throw new InvalidOperationException("No more.");
        }
        finally
        {
            gates.Reach($"{gate} ended");
        }
    }

    public Task<string> Interleave() => Task.FromResult("here");
}
