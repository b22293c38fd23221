using System.Collections.Concurrent;

namespace Orleans.Embedded.Tests;

/// <summary>Points in grain code that tests wait for and hold.</summary>
public sealed class Gates
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();

    /// <summary>What the grains noted, in order.</summary>
    public ConcurrentQueue<string> Notes { get; } = new();

    /// <summary>In a grain: notes that the point is reached and waits until it is opened.</summary>
    public Task Pass(string name)
    {
        Reach(name);
        return Source(name + ":open").Task;
    }

    /// <summary>In a grain: notes that the point is reached.</summary>
    public void Reach(string name)
    {
        Notes.Enqueue(name);
        var count = _counts.AddOrUpdate(name, 1, static (_, count) => count + 1);
        Source($"{name}#{count}").TrySetResult();
    }

    /// <summary>How often a point was reached.</summary>
    public int Count(string name) => _counts.GetValueOrDefault(name);

    /// <summary>In a test: waits until the point is reached for the nth time.</summary>
    public Task Reached(string name, int times = 1) => Source($"{name}#{times}").Task.WaitAsync(Patience);

    /// <summary>In a test: lets all that come to the point pass.</summary>
    public void Open(string name) => Source(name + ":open").TrySetResult();

    private TaskCompletionSource Source(string name) =>
        _gates.GetOrAdd(name, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}
