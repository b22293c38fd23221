using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.RateLimiting;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>What the making of one answer holds, and its turn if it is large.</summary>
public sealed class LargeAnswer(Turns turns, string userId, ShareBudget.Lease memory) : IDisposable
{
    /// <summary>Bytes up to which an answer takes no turn.</summary>
    private const long Small = 256 * 1024;

    /// <summary>Events asked for at once up to which it takes none.</summary>
    private const int Few = 50;

    private long _bytes;
    private bool _hasTurn;

    /// <summary>Takes a turn, unless there is one already.</summary>
    public async ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        if (_hasTurn)
            return;
        await turns.EnterAsync(userId, cancellationToken);
        _hasTurn = true;
    }

    /// <summary>Takes a turn for what is to have so many events, if that is more than a few.</summary>
    public ValueTask EnterForEventsAsync(int events, CancellationToken cancellationToken) =>
        events > Few ? EnterAsync(cancellationToken) : ValueTask.CompletedTask;

    /// <summary>Takes a turn for what may have so many bytes, if that is much.</summary>
    public ValueTask EnterForBytesAsync(long bytes, CancellationToken cancellationToken) =>
        bytes > Small ? EnterAsync(cancellationToken) : ValueTask.CompletedTask;

    /// <summary>Takes memory, and a turn once it is much; false if there is no memory.</summary>
    public async ValueTask<bool> TryGrowAsync(long bytes, CancellationToken cancellationToken)
    {
        if (!memory.TryGrow(bytes))
            return false;
        _bytes += bytes;
        if (_bytes > Small)
            await EnterAsync(cancellationToken);
        return true;
    }

    /// <summary>Gives the turn to others, before what may take long.</summary>
    public void Leave()
    {
        if (_hasTurn)
            turns.Leave(userId);
        _hasTurn = false;
    }

    public void Dispose()
    {
        Leave();
        memory.Dispose();
    }
}
