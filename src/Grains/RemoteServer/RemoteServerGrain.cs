using Orleans.Concurrency;
using Orleans.Runtime;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Another server. The queue for it is in storage; the grain knows only whether and when to try.</summary>
[Reentrant]
public sealed class RemoteServerGrain(RemoteServerServices services) : Grain, IRemoteServerGrain
{
    private const int MaxReceiving = 50;
    private const int MaxBackoffDoublings = 11;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_firstBackoff = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longestBackoff = TimeSpan.FromHours(1);

    private readonly Dictionary<string, Task<Outcome<ReadOnlyMemory<byte>>>> _receiving = new(StringComparer.Ordinal);
    private readonly long _since = services.Now;
    private IGrainTimer? _timer;
    private bool _sending;
    private bool _woken;
    private int _failures;
    private long _retryAt;

    private string Server => this.GetPrimaryKeyString();

    public Task Wake()
    {
        _woken = true;
        if (!_sending && services.Now >= _retryAt)
            Schedule(TimeSpan.Zero);
        return Task.CompletedTask;
    }

    public Task Heard()
    {
        if (_failures == 0 || _sending)
            return Task.CompletedTask;
        _failures = 0;
        _retryAt = 0;
        return Wake();
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> Receive(string transactionId, ReadOnlyMemory<byte> body)
    {
        if (_receiving.TryGetValue(transactionId, out var running))
            return await running;
        if (_receiving.Count >= MaxReceiving)
            return MatrixError.LimitExceeded(1000);
        var receiving = new InboundTransaction(services, GrainFactory, Server).RunAsync(transactionId, body);
        _receiving[transactionId] = receiving;
        try
        {
            return await receiving;
        }
        finally
        {
            _receiving.Remove(transactionId);
        }
    }

    private void Schedule(TimeSpan wait)
    {
        if (_timer is null)
            _timer = this.RegisterGrainTimer(SendAllAsync, new GrainTimerCreationOptions { DueTime = wait, Period = Timeout.InfiniteTimeSpan, Interleave = true, KeepAlive = true });
        else
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private async Task SendAllAsync()
    {
        if (_sending)
            return;
        _sending = true;
        try
        {
            do
            {
                _woken = false;
                while (await OutgoingTransaction.ReadAsync(services, Server) is { } transaction)
                {
                    if (!await SendAsync(transaction))
                        return;
                }
            }
            while (_woken);
        }
        finally
        {
            _sending = false;
        }
    }

    private async Task<bool> SendAsync(OutgoingTransaction transaction)
    {
        var target = $"/_matrix/federation/v1/send/{transaction.Id(_since)}";
        var sent = await services.Api.SendAsync(Server, HttpMethod.Put, target, transaction.Json, s_patience);
        if (sent.Error is { } error)
        {
            var backoff = TimeSpan.FromTicks(Math.Min(s_firstBackoff.Ticks << Math.Min(_failures++, MaxBackoffDoublings), s_longestBackoff.Ticks));
            _retryAt = services.Now + (long)backoff.TotalMilliseconds;
            RemoteServerLog.SendingFailed(services.Logger, Server, error.Message, backoff);
            Schedule(backoff);
            return false;
        }

        _failures = 0;
        var unit = new WriteUnit();
        services.Storage.Servers.Dequeue(unit, Server, transaction.LastPosition);
        await services.Storage.CommitAsync(unit);
        return true;
    }
}
