using Microsoft.Extensions.Logging;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>
/// Copies the log into the file beside the writer, which a checkpoint in the commit would stop for a tenth of a second. SQLite starts a log over only when
/// all of it is copied and no reader is in it, which under steady writing never happens by itself: then the writer copies what is left, which is little.
/// </summary>
/// <param name="path">The database's file.</param>
/// <param name="logger">Where failures go.</param>
/// <param name="pagesBetween">So many new pages (64 MiB) are worth a checkpoint.</param>
/// <param name="mostPages">A log longer than this (256 MiB) is started over: each time all writers wait for some 50 ms, and after a kill the log is read
/// once.</param>
internal sealed partial class SqliteCheckpointer(string path, ILogger logger, int pagesBetween = 16_000, int mostPages = 64_000) : IDisposable
{
    private const string Settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -64; PRAGMA wal_autocheckpoint = 0;";
    private static readonly Statement Copy = new("PRAGMA wal_checkpoint(PASSIVE)");
    private static readonly Statement Restart = new("PRAGMA wal_checkpoint(RESTART)");

    private Task _running = Task.CompletedTask;
    private SqliteConnection? _connection;
    private int _copied;

    /// <summary>To be called by the writer between its commits.</summary>
    public void KeepLogSmall(SqliteConnection writer)
    {
        var pages = writer.LogPages;
        if (pages < _copied) _copied = 0;   // SQLite has started over
        if (!_running.IsCompleted) return;
        if (_copied >= mostPages)
        {
            TryRestart(writer);
            _copied = 0;
        }
        else if (pages >= _copied + pagesBetween)
        {
            _copied = pages;
            // Not on a thread of the pool, which has few.
            _running = Task.Factory.StartNew(RunCopy, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    /// <summary>Waits for a checkpoint that is under way.</summary>
    public void Settle() => _running.Wait();

    /// <inheritdoc/>
    public void Dispose()
    {
        Settle();
        _connection?.Dispose();
    }

    private void RunCopy()
    {
        try
        {
            _connection ??= new SqliteConnection(path, Settings);
            _connection.Run(Copy);
        }
        catch (SqliteException exception)
        {
            LogCheckpointFailed(logger, exception);
        }
    }

    /// <summary>Waits for the readers too, whose reads are short.</summary>
    private void TryRestart(SqliteConnection writer)
    {
        try
        {
            writer.Run(Restart);
        }
        catch (SqliteException exception)
        {
            LogCheckpointFailed(logger, exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log could not be copied into the database")]
    private static partial void LogCheckpointFailed(ILogger logger, Exception exception);
}
