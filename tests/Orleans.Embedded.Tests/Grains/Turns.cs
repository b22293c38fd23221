using Orleans.Concurrency;
using Orleans.Serialization.Invocation;

namespace Orleans.Embedded.Tests.Grains;

public interface ITurnGrain : IGrainWithStringKey
{
    Task Hold(string gate);

    Task<int> Add();

    Task<int> HoldThenAdd(string gate, string other);

    Task<bool> ReturnsToTheActivation();

    [ReadOnly]
    Task Read(string gate);

    [AlwaysInterleave]
    Task<string> Interleave(string gate);

    [OneWay]
    Task Throw(string gate);
}

public class TurnGrain(Gates gates) : Grain, ITurnGrain
{
    private int _count;

    public async Task Hold(string gate) => await gates.Pass(gate);

    public async Task<int> Add()
    {
        // Lost updates show if two turns run at a time.
        var count = _count;
        await Task.Yield();
        _count = count + 1;
        return _count;
    }

    public async Task<int> HoldThenAdd(string gate, string other)
    {
        await gates.Pass(gate);
        return await GrainFactory.GetGrain<ITurnGrain>(other).Add();
    }

    public async Task<bool> ReturnsToTheActivation()
    {
        var context = SynchronizationContext.Current;
        await Task.Delay(1);
        return context is not null && context == SynchronizationContext.Current;
    }

    public Task Read(string gate) => gates.Pass(gate);

    public async Task<string> Interleave(string gate)
    {
        gates.Reach(gate);
        await Task.Yield();
        return gate;
    }

    public Task Throw(string gate)
    {
        gates.Reach(gate);
        throw new InvalidOperationException(gate);
    }
}

public interface IReentrantGrain : IGrainWithStringKey
{
    Task Hold(string gate);
}

[Reentrant]
public sealed class ReentrantGrain(Gates gates) : Grain, IReentrantGrain
{
    public Task Hold(string gate) => gates.Pass(gate);
}

public interface IMayInterleaveGrain : IGrainWithStringKey
{
    Task Hold(string gate);

    Task<string> Small(string gate);
}

[MayInterleave(nameof(IsSmall))]
public sealed class MayInterleaveGrain(Gates gates) : Grain, IMayInterleaveGrain
{
    public Task Hold(string gate) => gates.Pass(gate);

    public Task<string> Small(string gate)
    {
        gates.Reach(gate);
        return Task.FromResult(gate);
    }

    private static bool IsSmall(IInvokable call) => call.GetMethodName() == nameof(Small) && call.GetArgument(0) is "small";
}

public interface IWorkerGrain : IGrainWithStringKey
{
    Task Hold(string gate);
}

[StatelessWorker(2)]
public sealed class WorkerGrain(Gates gates) : Grain, IWorkerGrain
{
    public Task Hold(string gate) => gates.Pass(gate);
}
