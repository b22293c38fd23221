using Microsoft.Extensions.Logging;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Push;

/// <summary>
/// One pusher at work: tells its gateway of what notifies the user, one event after the other, each until the gateway has it. What waits is in no queue: it is
/// what the user has not read yet behind the pusher's place, so that a gateway that is away costs nothing, and what was read meanwhile is not told.
/// </summary>
internal sealed partial class PusherRun(
    PushGatewayClient gateway, IUserGrain user, TimeProvider time, ILogger logger, Func<PusherRow, Task> save, Func<PusherRow, Task> reject)
{
    /// <summary>Events that are asked for at a time.</summary>
    private const int MostAtOnce = 20;

    /// <summary>A place that only passed what does not notify is stored this many positions later.</summary>
    private const long UnsavedPositions = 1000;

    private readonly Backoff _backoff = new(time);
    private PusherRow _row = null!;
    private PushRequest? _request;
    private long _savedTo;
    private bool _isRunning;
    private bool _isWoken;

    /// <summary>Its timer, which runs <see cref="RunAsync"/>.</summary>
    public IGrainTimer? Timer { get; set; }

    /// <summary>It was taken away.</summary>
    public bool IsOver { get; set; }

    /// <summary>Takes the pusher as it is stored; its place stays where it is if it has one, and failures of another gateway are forgotten.</summary>
    public void Set(PusherRow row, PushRequest request)
    {
        if (_request is not null && _request.Url != request.Url)
            _backoff.Reset();
        var place = Math.Max(row.PushedTo, _row?.PushedTo ?? 0);
        _savedTo = Math.Max(_savedTo, row.PushedTo);
        (_row, _request) = (row with { PushedTo = place }, request);
    }

    /// <summary>There may be something to tell; when to run, null: it runs, and looks again.</summary>
    public TimeSpan? Wake()
    {
        _isWoken = true;
        return _isRunning ? null : _backoff.Left;
    }

    /// <summary>Tells all there is. The wait until the next try; null: there is nothing left.</summary>
    public async Task<TimeSpan?> RunAsync(CancellationToken cancellationToken)
    {
        if (_isRunning || IsOver)
            return null;
        _isRunning = true;
        try
        {
            do
            {
                _isWoken = false;
                if (!await TellAsync(cancellationToken))
                    return IsOver ? null : _backoff.Left;
            }
            while (_isWoken && !IsOver);
            return null;
        }
        catch (Exception fault) when (fault is not StaleFenceException)
        {
            var wait = _backoff.Failed();
            LogBroke(logger, _row.UserId, _row.AppId, wait, fault);
            return wait;
        }
        finally
        {
            _isRunning = false;
        }
    }

    /// <summary>Tells the badge alone, once: the next event brings it anyway.</summary>
    public async Task ShowBadgeAsync(int unread, CancellationToken cancellationToken)
    {
        if (_request!.IsEnabled && !_backoff.HasFailed)
            await gateway.NotifyAsync(_request!.Url, _request.ForBadge(unread), cancellationToken);
    }

    private async Task<bool> TellAsync(CancellationToken cancellationToken)
    {
        while (!IsOver)
        {
            var pending = await user.PendingPushes(_row.PushedTo, MostAtOnce);
            foreach (var push in pending.Items)
            {
                if (IsOver || (_request!.IsEnabled && !await TellAsync(push, pending.Unread, cancellationToken)))
                    return false;
                await MoveToAsync(push.Position, isTold: true);
            }

            await MoveToAsync(pending.UpTo, isTold: false);
            if (!pending.HasMore)
                return true;
        }

        return false;
    }

    private async Task<bool> TellAsync(PendingPush push, int unread, CancellationToken cancellationToken)
    {
        var answer = await gateway.NotifyAsync(_request!.Url, _request.ForEvent(push, unread), cancellationToken);
        if (answer.Failure is { } failure)
        {
            LogNotTold(logger, _row.UserId, _row.AppId, failure, _backoff.Failed());
            return false;
        }

        _backoff.Reset();
        if (!answer.Rejected.Contains(_row.PushKey, StringComparer.Ordinal))
            return true;

        // "The homeserver should … remove the pushers" (Push Gateway API, notify, rejected).
        IsOver = true;
        await reject(_row);
        return false;
    }

    private async Task MoveToAsync(long position, bool isTold)
    {
        if (position <= _row.PushedTo)
            return;
        _row = _row with { PushedTo = position };
        if (!isTold && position - _savedTo < UnsavedPositions)
            return;
        await save(_row);
        _savedTo = position;
    }

    [LoggerMessage(1, LogLevel.Information, "The push gateway of {UserId} for {AppId} was not told: {Reason}; the next try is in {Wait}")]
    private static partial void LogNotTold(ILogger logger, string userId, string appId, string reason, TimeSpan wait);

    [LoggerMessage(2, LogLevel.Warning, "Pushing for {UserId} by {AppId} broke off; the next try is in {Wait}")]
    private static partial void LogBroke(ILogger logger, string userId, string appId, TimeSpan wait, Exception fault);
}
