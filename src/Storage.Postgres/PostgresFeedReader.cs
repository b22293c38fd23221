using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>
/// Follows what other silos commit. Their notices say how far the stream is on disk, and what changed (<see cref="ChangeNotice"/>); what they leave out is
/// read, and a lost one is made up for by looking twice a second. What can be seen but is not on disk yet could be lost with the database, and is left for
/// later. Since the head's lock orders all commits, whatever a query sees of <c>changes</c> has no gap.
/// </summary>
internal sealed partial class PostgresFeedReader(
    NpgsqlDataSource source, ChangeFeed feed, PostgresWriter writer, TimeProvider time, ILogger<PostgresFeedReader> logger) : IAsyncDisposable
{
    private const int MostAtOnce = 10_000;

    /// <summary>How many positions of <c>changes</c> are kept for silos that fell behind.</summary>
    private const long Kept = 1_000_000;

    /// <summary>For so long a missing notice is waited for: those of silos that commit together come in any order, and this silo's own commit among them.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan PruneInterval = TimeSpan.FromMinutes(10);
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    // Positions up to here are on disk.
    private long _synced;

    // Of what is on disk some was not told.
    private bool _isToRead;

    public void Start() => _loop = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var connection = await source.OpenConnectionAsync(_stop.Token).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false)) await FollowAsync(connection).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogFollowingFailed(logger, exception);
                await Task.Delay(PollInterval, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task FollowAsync(NpgsqlConnection connection)
    {
        connection.Notification += (_, notification) =>
        {
            if (notification.PID != writer.ProcessId && ChangeNotice.Parse(notification.Payload) is { } notice) Take(notice);
        };
        await ExecuteAsync(connection, $"LISTEN {PostgresWriter.Channel}").ConfigureAwait(false);
        var pruned = time.GetTimestamp();
        await SyncAsync(connection).ConfigureAwait(false);
        while (true)
        {
            await ReadAsync(connection).ConfigureAwait(false);
            if (time.GetElapsedTime(pruned) > PruneInterval)
            {
                await ExecuteAsync(connection, "DELETE FROM changes WHERE pos <= $1", PostgresParameters.Integer(feed.Current - Kept)).ConfigureAwait(false);
                pruned = time.GetTimestamp();
            }
            if (!await WaitAsync(connection).ConfigureAwait(false)) await SyncAsync(connection).ConfigureAwait(false);
        }
    }

    private void Take(ChangeNotice notice)
    {
        _synced = Math.Max(_synced, notice.Head);
        if (notice.Changes.Length > 0) feed.PublishInTurn(notice.Changes);
        else _isToRead = true;
    }

    /// <summary>Waits until there is something to read; false if nothing came for a while.</summary>
    private async Task<bool> WaitAsync(NpgsqlConnection connection)
    {
        var (began, since) = (time.GetTimestamp(), time.GetTimestamp());
        while (time.GetElapsedTime(began) < PollInterval)
        {
            var current = feed.Current;
            var isBehind = _synced > current;
            if (isBehind && (_isToRead || time.GetElapsedTime(since) >= Patience)) return true;
            if (!await connection.WaitAsync(isBehind ? Patience : PollInterval, _stop.Token).ConfigureAwait(false) && !isBehind) return false;
            if (!isBehind || feed.Current != current) since = time.GetTimestamp();
        }
        return _synced > feed.Current;
    }

    /// <summary>Has what is visible now on disk, if there is anything new.</summary>
    private async Task SyncAsync(NpgsqlConnection connection)
    {
        var command = new NpgsqlCommand(PostgresWriter.SelectHead, connection);
        await using (command.ConfigureAwait(false))
        {
            var head = (long)(await command.ExecuteScalarAsync(_stop.Token).ConfigureAwait(false))!;
            if (head <= Math.Max(feed.Current, _synced)) return;
            await ExecuteAsync(connection, PostgresWriter.Sync).ConfigureAwait(false);
            _synced = head;
        }
    }

    private async Task ReadAsync(NpgsqlConnection connection)
    {
        List<Change> changes = [];
        _isToRead = false;
        do
        {
            changes.Clear();
            var command = new NpgsqlCommand(
                PostgresWriter.SelectChanges, connection)
            {
                Parameters =
                {
                    PostgresParameters.Integer(feed.Current), PostgresParameters.Integer(_synced), PostgresParameters.Integer(MostAtOnce),
                },
            };
            await using (command.ConfigureAwait(false))
            {
                var reader = await command.ExecuteReaderAsync(_stop.Token).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    var row = new PostgresRow(reader);
                    while (await reader.ReadAsync(_stop.Token).ConfigureAwait(false))
                        changes.Add(new Change(row.Integer(0), (ChangeKind)row.Integer(1), row.Text(2)));
                }
            }
            feed.Publish(changes.ToArray());
        }
        while (changes.Count == MostAtOnce);
    }

    private async Task ExecuteAsync(NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters)
    {
        var command = connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.CommandText = sql;
            command.Parameters.AddRange(parameters);
            await command.ExecuteNonQueryAsync(_stop.Token).ConfigureAwait(false);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Following other silos' changes failed; trying again")]
    private static partial void LogFollowingFailed(ILogger logger, Exception exception);
}
