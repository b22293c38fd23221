using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Persistence;

namespace OrleansMatrix.Grains.RemoteServer;

/// <inheritdoc cref="IStagedPdusGrain"/>
[Reentrant]
[GrainType("stagedpdus")]
public sealed class StagedPdusGrain(RemoteServerServices services) : Grain, IStagedPdusGrain, IRemindable
{
    /// <summary>The least time between a try and one out of turn.</summary>
    private static readonly TimeSpan s_betweenTries = TimeSpan.FromSeconds(10);

    private readonly Backoff _backoff = new(services.Time);
    private StagedTries? _tries;
    private RetryReminder? _retry;
    private IGrainTimer? _timer;
    private string? _heard;
    private bool _running;
    private bool _woken;

    private StagedTries Tries => _tries ??= new StagedTries(services, GrainFactory, this.GetPrimaryKeyString());

    private RetryReminder Retry => _retry ??= new RetryReminder(this, services.Logger);

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if ((await services.Storage.StagedPdus.OfRoomAsync(this.GetPrimaryKeyString())).Count > 0)
            await Wake(isNew: false);
        else
            await Retry.EndAsync();
    }

    public Task Wake(bool isNew)
    {
        _woken = true;
        if (_timer is null)
            Schedule(_backoff.Failed());
        else if (isNew)
            Hasten();
        return Task.CompletedTask;
    }

    public async Task Arrived(ImmutableArray<string> eventIds)
    {
        try
        {
            await Tries.JudgeAsync(eventIds);
        }
        catch (Exception fault)
        {
            // They wait as before.
            RemoteServerLog.StagedTryFailed(services.Logger, this.GetPrimaryKeyString(), fault);
        }
    }

    public Task ServerSeenAlive(string server)
    {
        if (_running || _heard is not null || !Tries.IsWorthAsking(server))
            return Task.CompletedTask;
        if (_timer is null)
            return Wake(isNew: false);
        if (Hasten())
            _heard = server;
        return Task.CompletedTask;
    }

    private bool Hasten()
    {
        if (_running || !_backoff.Hasten(s_betweenTries))
            return false;
        Schedule(_backoff.Left);
        return true;
    }

    private void Schedule(TimeSpan wait)
    {
        if (_timer is null)
            _timer = this.RegisterGrainTimer(
                TryAsync, new GrainTimerCreationOptions { DueTime = wait, Period = Timeout.InfiniteTimeSpan, Interleave = true, KeepAlive = true });
        else
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private async Task TryAsync()
    {
        if (_running)
            return;
        var (heard, result) = (_heard, StagedTry.Stuck);
        (_running, _woken, _heard) = (true, false, null);
        try
        {
            result = await Tries.RunAsync(heard);
        }
        catch (Exception fault)
        {
            RemoteServerLog.StagedTryFailed(services.Logger, this.GetPrimaryKeyString(), fault);
        }
        finally
        {
            _running = false;
            End(result, isHearing: heard is not null);
        }

        if (_timer is not null && _backoff.IsKept)
            await Retry.SetAsync();
    }

    private void End(StagedTry result, bool isHearing)
    {
        if (result == StagedTry.Done && !_woken)
        {
            _timer?.Dispose();
            _timer = null;
            _backoff.Reset();
            return;
        }

        if (result is StagedTry.Done or StagedTry.Progress)
            _backoff.Reset();
        Schedule(isHearing || result == StagedTry.More ? _backoff.Again() : _backoff.Failed());
    }
}
