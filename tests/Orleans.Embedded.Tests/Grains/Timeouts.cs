namespace Orleans.Embedded.Tests.Grains;

public interface ISlowGrain : IGrainWithStringKey
{
    Task Hold(string gate);

    [ResponseTimeout("00:00:05")]
    Task HoldBriefly(string gate);

    Task HoldUntilCancelled(string gate, CancellationToken cancellationToken);

    Task<string> Ask(string path);

    void Block(string gate);
}

public sealed class SlowGrain(Gates gates) : Grain, ISlowGrain
{
    public Task Hold(string gate) => gates.Pass(gate);

    public Task HoldBriefly(string gate) => gates.Pass(gate);

    public async Task HoldUntilCancelled(string gate, CancellationToken cancellationToken)
    {
        var context = SynchronizationContext.Current;
        var cancelled = new TaskCompletionSource();
        using var registration = cancellationToken.Register(() =>
        {
            gates.Reach(SynchronizationContext.Current == context ? $"{gate} cancelled in a turn" : $"{gate} cancelled outside");
            cancelled.SetResult();
        });
        gates.Reach(gate);
        await cancelled.Task;
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Asks the first grain of the path for the rest.</summary>
    public async Task<string> Ask(string path)
    {
        gates.Reach($"{this.GetPrimaryKeyString()} asks {path}");
        var parts = path.Split(' ', 2);
        return parts[0].Length == 0 ? "end" : await GrainFactory.GetGrain<ISlowGrain>(parts[0]).Ask(parts.Length > 1 ? parts[1] : "");
    }

    public void Block(string gate) => gates.Pass(gate).GetAwaiter().GetResult();
}
