using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Persistence;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Federation;

namespace OrleansMatrix.Grains.Room.Importing;

/// <summary>
/// Runs <see cref="FetchMembers"/> beside the grain's calls, again after a while if it did not succeed, and keeps the grain active meanwhile. Used from the
/// grain's own scheduler only.
/// </summary>
internal sealed class MemberFetch(Grain grain, RoomServices services, IRemoteRooms remote, RoomSlot slot, string roomId, ILogger logger)
{
    private static readonly TimeSpan s_firstBackoff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_longestBackoff = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ImmutableArray<string> _atHand;
    private IGrainTimer? _timer;
    private bool _running;
    private int _failures;
    private RetryReminder? _retry;

    /// <summary>True from the start until all members are known.</summary>
    public bool IsActive => _timer is not null;

    /// <summary>Starts if it is not running.</summary>
    /// <param name="atHand">The ids of the member events if they are known already, else default.</param>
    public void Start(ImmutableArray<string> atHand)
    {
        if (!atHand.IsDefault)
            _atHand = atHand;
        if (_done.Task.IsCompleted)
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _timer ??= grain.RegisterGrainTimer(
            RunAsync, new GrainTimerCreationOptions { DueTime = TimeSpan.Zero, Period = Timeout.InfiniteTimeSpan, Interleave = true, KeepAlive = true });
    }

    /// <summary>True once all members are known; false if that takes too long.</summary>
    public async Task<bool> WaitAsync()
    {
        if (!IsActive)
            return true;
        try
        {
            await _done.Task.WaitAsync(s_patience, services.Time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task RunAsync()
    {
        if (_running)
            return;
        _running = true;
        var isDone = false;
        try
        {
            isDone = await new FetchMembers(services, remote, slot, roomId, logger).RunAsync(_atHand, _failures);
        }
        finally
        {
            _running = false;
            _atHand = default;
            if (isDone)
                Stop();
            else
                _timer?.Change(Backoff.After(++_failures, s_firstBackoff, s_longestBackoff), Timeout.InfiniteTimeSpan);
        }

        if (!isDone)
            await (_retry ??= new RetryReminder(grain, logger)).SetAsync();
    }

    /// <summary>All members are known: nothing is to be tried again.</summary>
    public Task EndAsync() => (_retry ??= new RetryReminder(grain, logger)).EndAsync();

    /// <summary>The grain goes.</summary>
    public void Leave() => services.Fills?.Ended(roomId);

    private void Stop()
    {
        _timer?.Dispose();
        _timer = null;
        _failures = 0;
        services.Fills?.Ended(roomId);
        _done.TrySetResult();
    }
}
