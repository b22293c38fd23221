namespace OrleansMatrix.Federation.Network.Tests.Support;

/// <summary>The way of requests from one server to another, with their responses. What goes wrong on it follows from its seed, exchange by exchange.</summary>
public sealed class Link
{
    private readonly Lock _gate = new();
    private Random _random = new(0);
    private volatile TaskCompletionSource? _held;

    /// <summary>No request arrives.</summary>
    public bool IsCut { get; set; }

    /// <summary>The share of requests that arrive and whose response is lost.</summary>
    public double LosesResponses { get; set; }

    /// <summary>The share of requests that arrive twice.</summary>
    public double Duplicates { get; set; }

    /// <summary>Requests that arrived.</summary>
    public int Arrived { get; private set; }

    /// <summary>What the other server answers, in place of its own answer; null leaves that.</summary>
    public Func<HttpRequestMessage, HttpResponseMessage?>? Answer { get; set; }

    /// <summary>From now on requests wait on the way; the task completes when the first one does.</summary>
    public Task Hold()
    {
        _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _waiting.Task;
    }

    /// <summary>Lets the requests that wait go on.</summary>
    public void Release()
    {
        _held?.TrySetResult();
        _held = null;
    }

    /// <summary>Everything arrives once, and is answered.</summary>
    public void Heal()
    {
        (IsCut, LosesResponses, Duplicates, Answer) = (false, 0, 0, null);
        Release();
    }

    /// <summary>Starts anew what this link does wrong at random.</summary>
    public void Seed(int seed)
    {
        lock (_gate)
            _random = new Random(seed);
    }

    internal async Task PassAsync(CancellationToken cancellationToken)
    {
        if (_held is not { } held)
            return;
        _waiting?.TrySetResult();
        await held.Task.WaitAsync(cancellationToken);
    }

    internal (bool Twice, bool LoseResponse) Next()
    {
        lock (_gate)
        {
            Arrived++;
            return (_random.NextDouble() < Duplicates, _random.NextDouble() < LosesResponses);
        }
    }

    private TaskCompletionSource? _waiting;
}
