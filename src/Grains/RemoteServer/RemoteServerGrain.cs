using System.Globalization;
using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Persistence;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Another server. The queue for it is in storage and is shortened there if it gets too long; the grain knows only whether and when to try (ADR 0031).
/// </summary>
[Reentrant]
[GrainType("remoteserver")]
public sealed class RemoteServerGrain(RemoteServerServices services) : Grain, IRemoteServerGrain, IRemindable
{
    private const int MaxReceiving = 10;

    // How often the same single thing may be refused.
    private const int MaxRefusals = 3;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_betweenHearings = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_betweenHelp = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Task<Outcome<ReadOnlyMemory<byte>>>> _receiving = new(StringComparer.Ordinal);
    private readonly Backoff _backoff = new(services.Time);
    private readonly QueueLimit _limit = new(services.Storage);
    private readonly long _since = services.Now;
    private IGrainTimer? _timer;
    private OutgoingTransaction? _pending;
    private long _sequence;
    private bool _sending;
    private bool _wasHeard;
    private bool _woken;
    private bool _isLong;
    private int _maxItems = OutgoingTransaction.MaxItems;
    private int _refusals;
    private bool _isRemembered;
    private long _helpedAt;
    private RetryReminder? _retry;
    private Fence? _fence;

    private string Server => this.GetPrimaryKeyString();

    private RetryReminder Retry => _retry ??= new RetryReminder(this, services.Logger);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _fence = await services.Storage.OpenFenceAsync(FenceOwner, cancellationToken);
        if (await services.Storage.Servers.BackoffAsync(Server, cancellationToken) is not { } row)
            return;
        _isRemembered = true;
        _backoff.Restore(row.Failures, DateTimeOffset.FromUnixTimeMilliseconds(row.FailedAt));
        if (!_backoff.IsOver)
            Schedule(_backoff.Left);
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if ((await services.Storage.Outbox.QueuedAsync(Server, 0, 1)).Count > 0 || (await services.Storage.Outbox.UnsentRoomsAsync(Server, 1)).Count > 0)
            await Wake();
        else
            await Retry.EndAsync();
    }

    public async Task<long> Wake()
    {
        _woken = true;
        _isLong |= _limit.IsToBeLookedAt();

        // The queue of one that has failed is read again once it answers, by whoever tries now.
        if (_sending)
            return _backoff.HasFailed ? (long)AwayServers.Longest.TotalMilliseconds : 0;
        if (_backoff.IsOver)
        {
            Schedule(TimeSpan.Zero);
        }
        else if (_isLong)
        {
            _sending = true;
            try
            {
                await ShortenAsync();
            }
            finally
            {
                _sending = false;
                Schedule(_backoff.Left);
                Hasten();
            }
        }

        return (long)_backoff.Left.TotalMilliseconds;
    }

    public async Task SeenAlive()
    {
        await HelpStagedAsync();
        _wasHeard = true;
        if (!_sending)
            Hasten();
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> Receive(string transactionId, ReadOnlyMemory<byte> body)
    {
        if (_receiving.TryGetValue(transactionId, out var running))
            return await running;
        if (_receiving.Values.Count(running => !running.IsCompleted) >= MaxReceiving)
            return MatrixError.LimitExceeded(1000);
        await SeenAlive();
        if (_receiving.TryGetValue(transactionId, out running))
            return await running;
        var transaction = new InboundTransaction(services, GrainFactory, ServerName.Parse(Server));
        var receiving = transaction.RunAsync(transactionId, body);
        _receiving[transactionId] = receiving;
        try
        {
            return await receiving;
        }
        finally
        {
            _ = ForgetAsync(transactionId, transaction.Kept);
        }
    }

    private async Task ForgetAsync(string transactionId, Task kept)
    {
        await kept;
        _receiving.Remove(transactionId);
    }

    /// <summary>The server may give what events of its rooms wait for (ADR 0035).</summary>
    private async Task HelpStagedAsync()
    {
        if (services.Now - _helpedAt < (long)s_betweenHelp.TotalMilliseconds)
            return;
        _helpedAt = services.Now;
        foreach (var roomId in await services.Storage.StagedPdus.RoomsWithAsync(Server))
            await GrainFactory.GetGrain<IStagedPdusGrain>(roomId).ServerSeenAlive(Server);
    }

    private void Schedule(TimeSpan wait)
    {
        if (_timer is null)
            _timer = this.RegisterGrainTimer(
                SendAllAsync, new GrainTimerCreationOptions { DueTime = wait, Period = Timeout.InfiniteTimeSpan, Interleave = true, KeepAlive = true });
        else
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private async Task SendAllAsync()
    {
        if (_sending)
            return;
        (_sending, _wasHeard) = (true, false);
        try
        {
            await SendQueueAsync();
        }
        catch (Exception fault)
        {
            // What was sent may not have been taken out of the queue: it is sent again, by who has the queue then.
            _pending = null;
            if (fault is StaleFenceException)
                DeactivateOnIdle();
            var wait = _backoff.Failed();
            RemoteServerLog.SendingBroke(services.Logger, Server, wait, fault);
            Schedule(wait);
        }
        finally
        {
            _sending = false;

            // Heard of while the try that failed was under way, or was being written down.
            Hasten();
        }
    }

    /// <summary>At once after the server was heard of, but no more than once in a second: one that can be heard may still not be reached.</summary>
    private void Hasten()
    {
        if (_wasHeard && !_backoff.IsOver)
        {
            _backoff.Reset(s_betweenHearings);
            services.Away.Forget(Server);
            Schedule(_backoff.Left);
        }

        _wasHeard = false;
    }

    private async Task SendQueueAsync()
    {
        if (!services.Policy.Allows(Server))
        {
            await CommitAsync(unit => services.Storage.Outbox.Discard(unit, Server));
            _pending = null;
            return;
        }

        do
        {
            _woken = false;
            if (_isLong && _pending is null)
                await ShortenAsync();
            while (await NextAsync() is { } transaction)
            {
                if (!await SendAsync(transaction))
                    return;
            }
        }
        while (_woken);
    }

    // "The sending server must wait and retry for a 200 OK response before sending a transaction with a different txnId": so it is kept for as long as that is
    // likely to come.
    private async Task<OutgoingTransaction?> NextAsync()
    {
        if (_pending is not null && !_backoff.IsLong)
            return _pending;
        _sequence++;
        return _pending = await OutgoingTransaction.ReadAsync(services, Server, _maxItems);
    }

    private async Task<bool> SendAsync(OutgoingTransaction transaction)
    {
        if (!transaction.Json.IsEmpty)
        {
            var target = string.Create(CultureInfo.InvariantCulture, $"/_matrix/federation/v1/send/{_since}-{_sequence}");
            var sent = await services.Api.SendAsync(Server, HttpMethod.Put, target, transaction.Json, s_patience);
            GrainMetrics.Transaction(sent.Error is null);
            if (sent.Error is { } error)
                return await FailedAsync(transaction, error);
        }

        if (_backoff.HasFailed)
        {
            services.Away.Forget(Server);
            await HelpStagedAsync();
        }

        _backoff.Reset();
        _refusals = 0;
        _maxItems = Math.Min(_maxItems * 2, OutgoingTransaction.MaxItems);
        await CommitAsync(unit =>
        {
            transaction.Done(unit, services.Storage, Server);
            if (_isRemembered)
                services.Storage.Servers.RemoveBackoff(unit, Server);
        });
        _pending = null;
        _isRemembered = false;
        return true;
    }

    private async Task<bool> FailedAsync(OutgoingTransaction transaction, MatrixError error)
    {
        if (IsAboutContent(error))
        {
            // Smaller and smaller, until what is refused stands alone; then without it.
            _pending = null;
            _backoff.Reset();
            _maxItems = Math.Max(1, transaction.Items / 2);
            if (transaction.Items == 1 && ++_refusals >= MaxRefusals)
            {
                _refusals = 0;
                RemoteServerLog.GivenUp(services.Logger, Server, transaction.What, error.Message);
                await CommitAsync(unit => transaction.GiveUp(unit, services.Storage, Server));
                _pending = null;
                return true;
            }
        }

        var wait = _backoff.Failed();
        RemoteServerLog.SendingFailed(services.Logger, Server, error.Message, wait);
        Schedule(wait);
        await ShortenAsync();
        if (_backoff.IsKept)
        {
            await RememberAsync();
            await Retry.SetAsync();
        }

        return false;
    }

    private async Task RememberAsync()
    {
        _isRemembered = true;
        await CommitAsync(unit =>
            services.Storage.Servers.PutBackoff(unit, new ServerBackoffRow(Server, _backoff.Failures, _backoff.FailedAt.ToUnixTimeMilliseconds())));
    }

    /// <summary>
    /// Whether the server has read what it refuses. What it says to everybody (its rate, its keys, who it talks to) passes, and so do its faults.
    /// </summary>
    private static bool IsAboutContent(MatrixError error) =>
        error.Status is >= 400 and < 500 and not (401 or 403 or 404 or 405 or 408 or 410 or 421 or 425 or 429);

    private async Task ShortenAsync()
    {
        _isLong = false;
        var most = _backoff.IsLong ? QueueLimit.MaxLongQueued : _backoff.HasFailed ? QueueLimit.MaxQueued : QueueLimit.MaxLag;
        if (!await _limit.ShortenAsync(Server, most, CommitAsync))
            return;
        RemoteServerLog.QueueShortened(services.Logger, Server);
        _pending = null;
    }

    /// <summary>The queue is taken from by one activation: another one that has written since ends this one (ADR 0004).</summary>
    private async Task CommitAsync(Action<WriteUnit> write)
    {
        var fence = _fence ??= await services.Storage.OpenFenceAsync(FenceOwner);
        var unit = new WriteUnit(fence);
        write(unit);
        try
        {
            await services.Storage.CommitAsync(unit);
        }
        catch
        {
            // A unit that failed breaks its fence.
            _fence = null;
            throw;
        }
    }

    private string FenceOwner => $"server:{Server}";
}
