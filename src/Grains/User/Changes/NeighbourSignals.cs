using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Changes;

/// <summary>
/// Wakes those who share a room with a user whose devices or presence changed. Only the wake goes this way: what changed is read from the hub or from
/// storage, so a wake that comes late or is dropped delays a long poll and loses nothing.
/// </summary>
public sealed partial class NeighbourSignals : IAsyncDisposable
{
    private const int Capacity = 10_000;

    /// <summary>
    /// In rooms with more people than this on line, news of presence waits for something else to tell: else each coming and going would wake everybody.
    /// </summary>
    private const int MaxWokenForPresence = 50;
    private readonly ChangeHub _hub;
    private readonly SharedRooms _sharing;
    private readonly ILogger<NeighbourSignals> _logger;
    private readonly Channel<Change> _changes =
        Channel.CreateBounded<Change>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public NeighbourSignals(ChangeHub hub, SharedRooms sharing, ILogger<NeighbourSignals> logger)
    {
        (_hub, _sharing, _logger) = (hub, sharing, logger);
        hub.NeighbourChanged += Tell;
        _loop = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        _hub.NeighbourChanged -= Tell;
        await _stop.CancelAsync();
        _changes.Writer.TryComplete();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private void Tell(Change change) => _changes.Writer.TryWrite(change);

    private async Task RunAsync()
    {
        await foreach (var change in _changes.Reader.ReadAllAsync(_stop.Token))
        {
            try
            {
                _hub.SignalRooms(
                    await _sharing.OfAsync(change.Key, _stop.Token), change.Position,
                    change.Kind == ChangeKind.Presence ? MaxWokenForPresence : int.MaxValue);
            }
            catch (Exception fault) when (!_stop.IsCancellationRequested)
            {
                LogNotTold(_logger, change.Key, fault);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Those who share a room with {UserId} were not woken; polls that wait see the change at their timeout")]
    private static partial void LogNotTold(ILogger logger, string userId, Exception fault);
}
