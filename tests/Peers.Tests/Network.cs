using System.Collections.Concurrent;

namespace OrleansMatrix.Peers.Tests;

/// <summary>What becomes of a request on its way.</summary>
internal enum Cut
{
    /// <summary>It arrives, and so does the answer.</summary>
    None,

    /// <summary>The connection is broken off.</summary>
    Refused,

    /// <summary>Nothing is heard until the cut is healed, and the connection is broken off then.</summary>
    Silent,

    /// <summary>It arrives, and the answer does not.</summary>
    AnswerLost,
}

/// <summary>The ways between the servers of a schedule; each direction can be cut by itself.</summary>
internal sealed class Network
{
    private readonly ConcurrentDictionary<(string From, string To), Cut> _cuts = new();
    private TaskCompletionSource _healed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _epoch;

    /// <summary>Servers whose answers need not be readable.</summary>
    public ConcurrentDictionary<string, bool> Liars { get; } = new(StringComparer.Ordinal);

    /// <summary>Counts cuts and heals: what went wrong while it stayed the same and nothing was cut was not by the network.</summary>
    public int Epoch => _epoch;

    public bool IsWhole => _cuts.IsEmpty;

    public Cut Between(string from, string to) => _cuts.GetValueOrDefault((from, to));

    public void Set(string from, string to, Cut cut)
    {
        Interlocked.Increment(ref _epoch);
        _cuts[(from, to)] = cut;
    }

    /// <summary>Ends when all cuts do.</summary>
    public Task HealedAsync(CancellationToken cancellationToken) => _healed.Task.WaitAsync(cancellationToken);

    public void Heal()
    {
        if (_cuts.IsEmpty)
            return;
        _cuts.Clear();
        Interlocked.Increment(ref _epoch);
        var healed = Interlocked.Exchange(ref _healed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        healed.SetResult();
    }
}

/// <summary>The network did not let a request through.</summary>
internal sealed class CutException(string from, string to) : Exception($"{from} does not reach {to}");
