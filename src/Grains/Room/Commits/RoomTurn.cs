namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>
/// The room's critical section: first come, first served. The grain is reentrant, so that callers can wait for durability together; what builds on the
/// room's memory happens inside a turn. Used from the grain's own scheduler only.
/// </summary>
internal sealed class RoomTurn
{
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private bool _taken;

    /// <summary>Waits for the turn; dispose the answer to pass it on.</summary>
    public async ValueTask<Held> EnterAsync()
    {
        if (_taken)
        {
            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
            await turn.Task;
        }

        _taken = true;
        return new Held(this);
    }

    private void Leave()
    {
        // The turn passes on without being free in between, so nobody can overtake.
        if (_waiting.TryDequeue(out var next))
            next.SetResult();
        else
            _taken = false;
    }

    internal readonly struct Held(RoomTurn turn) : IDisposable
    {
        public void Dispose() => turn.Leave();
    }
}
