using Microsoft.Extensions.Logging;
using OrleansMatrix.Storage.Sql;
using OrleansMatrix.Storage.Sqlite.Native;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>
/// The one writer. It takes all units that wait, writes them in one transaction, and tells their callers after the commit: while one group is being
/// flushed to disk the next one gathers.
/// </summary>
internal sealed partial class SqliteWriter : IAsyncDisposable
{
    public const string Settings = """
        PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0;
        PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = OFF;
        """;

    private const int MostUnits = 1024;
    private const int MostCachedFences = 50_000;
    private static readonly Statement Begin = new("BEGIN IMMEDIATE");
    private static readonly Statement Commit = new("COMMIT");
    private static readonly Statement Rollback = new("ROLLBACK");
    private static readonly Statement Savepoint = new("SAVEPOINT unit");
    private static readonly Statement RollbackToSavepoint = new("ROLLBACK TO unit");
    private static readonly Statement Release = new("RELEASE unit");
    private static readonly Statement DataVersion = new("PRAGMA data_version");
    private static readonly Statement Head = new("SELECT pos FROM stream_head");
    private static readonly Statement MoveHead = new("UPDATE stream_head SET pos = $1");
    private static readonly Statement Epoch = new("SELECT epoch FROM fences WHERE owner = $1");
    private static readonly Statement RaiseEpoch =
        new("INSERT INTO fences (owner, epoch) VALUES ($1, $2) ON CONFLICT (owner) DO UPDATE SET epoch = excluded.epoch");

    private readonly SqliteConnection _connection;
    private readonly SqliteCheckpointer _checkpointer;
    private readonly ChangeFeed _feed;
    private readonly ILogger _logger;
    private readonly CommitQueue _queue = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PendingUnit> _units = [];
    private readonly Dictionary<string, long> _epochs = new(StringComparer.Ordinal);
    private long? _dataVersion;
    private long _head;

    public SqliteWriter(string path, ChangeFeed feed, ILogger<SqliteWriter> logger)
    {
        _connection = new SqliteConnection(path, Settings, GatheredLog.Name);
        _connection.WatchLog();
        _checkpointer = new SqliteCheckpointer(path, logger);
        _feed = feed;
        _logger = logger;
        new Thread(Run) { IsBackground = true, Name = "SQLite writer" }.Start();
    }

    /// <inheritdoc cref="IStorage.CommitAsync"/>
    public Task<CommitResult> CommitAsync(WriteUnit unit) => _queue.Enqueue(unit);

    /// <summary>Commits what waits, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _stopped.Task.ConfigureAwait(false);
    }

    private void Run()
    {
        while (_queue.Take(_units, MostUnits))
        {
            try
            {
                if (!TryCommit(isolated: false)) TryCommit(isolated: true);
            }
            catch (Exception exception)
            {
                LogCommitFailed(_logger, _units.Count, exception);
                Abandon();
                foreach (var unit in _units) unit.Fail(exception);
            }
            Publish();
            foreach (var unit in _units) unit.Finish();
            _units.Clear();
            _checkpointer.KeepLogSmall(_connection);
        }
        _checkpointer.Dispose();
        _connection.Dispose();
        _queue.Dispose();
        _stopped.SetResult();
    }

    /// <summary>
    /// Writes all units in one transaction. Not isolated: gives up at the first unit that fails, having written nothing. Isolated: each unit has a savepoint
    /// and fails alone. Savepoints cost about a third more, so they are for the rare group in which a unit fails.
    /// </summary>
    private bool TryCommit(bool isolated)
    {
        _connection.Run(Begin);
        LookForOtherWriters();
        var head = _head;
        foreach (var unit in _units)
        {
            if (unit.Error is not null || !CheckFence(unit)) continue;
            try
            {
                if (isolated) _connection.Run(Savepoint);
                Write(unit, head);
                if (isolated) _connection.Run(Release);
                head += unit.Unit.Changes.Count;
            }
            catch (Exception) when (!isolated)
            {
                Abandon();
                return false;
            }
            catch (Exception exception) when (!_connection.IsAutocommit)   // else SQLite has rolled the transaction back: the whole group fails
            {
                _connection.Run(RollbackToSavepoint);
                _connection.Run(Release);
                _epochs.Remove(unit.Unit.Fence?.Owner ?? "");
                unit.Fail(exception);
            }
        }
        if (head != _head) _connection.Run(MoveHead, head);
        _connection.Run(Commit);
        _head = head;
        return true;
    }

    /// <summary>What is known of the file holds as long as no other connection has written to it.</summary>
    private void LookForOtherWriters()
    {
        var version = _connection.Integer(DataVersion);
        if (version == _dataVersion) return;
        _epochs.Clear();
        _head = _connection.Integer(Head) ?? throw new InvalidDataException("the stream has no head");
        _dataVersion = version;
    }

    private bool CheckFence(PendingUnit unit)
    {
        if (unit.Unit.Fence is not { } fence) return true;
        if (!_epochs.TryGetValue(fence.Owner, out var epoch))
        {
            epoch = _connection.Integer(Epoch, fence.Owner) ?? 0;
            if (_epochs.Count >= MostCachedFences) _epochs.Clear();
            _epochs[fence.Owner] = epoch;
        }
        if (!fence.Broken && epoch == (unit.Acquires ? unit.Epoch - 1 : unit.Epoch)) return true;
        unit.Fail(new StaleFenceException(fence.Owner));
        return false;
    }

    private void Write(PendingUnit unit, long head)
    {
        unit.FirstPosition = head + 1;
        if (unit.Acquires)
        {
            _connection.Run(RaiseEpoch, unit.Unit.Fence!.Owner, unit.Epoch);
            _epochs[unit.Unit.Fence.Owner] = unit.Epoch;
        }
        var writes = unit.Unit.Writes;
        for (var i = 0; i < writes.Count; i++)
        {
            var write = (SqlWrite)writes[i];
            write.Reset();
            var prepared = _connection.Prepare(write.Statement);
            try
            {
                prepared.Bind(write.Values, unit.FirstPosition);
                while (prepared.Step())
                {
                    if (write.HasRows) write.Read(prepared);
                }
            }
            catch (SqliteException exception) when (exception.IsConstraint && write.Statement.Conflict is { } conflict)
            {
                throw new ConflictException(conflict);
            }
            finally
            {
                prepared.Reset();
            }
        }
    }

    /// <summary>Undoes the transaction and forgets what it had changed in memory.</summary>
    private void Abandon()
    {
        _epochs.Clear();
        _dataVersion = null;
        try
        {
            if (!_connection.IsAutocommit) _connection.Run(Rollback);
        }
        catch (SqliteException exception)
        {
            LogRollbackFailed(_logger, exception);   // the next BEGIN says whether the connection can still be used
        }
    }

    private void Publish()
    {
        var count = 0;
        foreach (var unit in _units) count += unit.Error is null ? unit.Unit.Changes.Count : 0;
        if (count == 0) return;
        var changes = new Change[count];
        var next = 0;
        foreach (var unit in _units)
        {
            if (unit.Error is not null) continue;
            var announced = unit.Unit.Changes;
            for (var i = 0; i < announced.Count; i++) changes[next++] = announced[i] with { Position = unit.FirstPosition + i };
        }
        _feed.Publish(changes);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A transaction could not be rolled back")]
    private static partial void LogRollbackFailed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "A group of {Count} units could not be committed")]
    private static partial void LogCommitFailed(ILogger logger, int count, Exception exception);
}
