using System.Collections.Concurrent;
using System.Data;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>
/// A silo's commit loop: one group of units in flight, in one transaction and one round trip. It locks the head of the stream, which orders the commits of
/// all silos, checks the fences, writes, commits, and waits until the database's log is on disk. Where other silos commit too, the head is given back before
/// that, so that they share the syncs of the log (ADR 0003). A group that failed, or follows upon idle time, takes two round trips: the first locks the head
/// and reads the fences.
/// </summary>
internal sealed partial class PostgresWriter : IAsyncDisposable
{
    /// <summary>The channel on which silos tell each other of what they committed (<see cref="ChangeNotice"/>).</summary>
    public const string Channel = "matrix_changes";

    public const string SelectChanges = "SELECT pos, kind, key FROM changes WHERE pos > $1 AND pos <= $2 ORDER BY pos LIMIT $3";

    /// <summary>The newest position that is visible.</summary>
    public const string SelectHead = "SELECT pos FROM stream_head";

    /// <summary>Returns once everything that was committed before is on disk: a commit of its own that writes to the log.</summary>
    public const string Sync = "SELECT pg_logical_emit_message(true, 'matrix', '')";

    /// <summary>The transaction's commit does not wait for the disk, and so holds its locks for no longer than its work takes.</summary>
    private const string DoNotWait = "SET LOCAL synchronous_commit TO off";

    /// <summary>
    /// A silo that stands still, or whose machine is gone, between the two round trips is not waited for: the database ends its session, and others go on.
    /// </summary>
    private const string EndIfIdle = "SET idle_in_transaction_session_timeout TO '2s'";

    /// <summary>For so long after another silo committed, the stream is taken to be shared.</summary>
    private static readonly TimeSpan s_shared = TimeSpan.FromSeconds(10);

    /// <summary>A connection that was idle for so long may be broken, and is tried first: whether a commit on one that breaks was done is not known.</summary>
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(1);
    private const int MostUnits = 512;
    private const int MostRetries = 2;
    private const string LockHead = $"{SelectHead} FOR UPDATE";
    private const string SelectFences = "SELECT owner, epoch FROM fences WHERE owner = ANY($1)";

    /// <summary>Locks the head, moves it, and leaves where it was in the session: positions of the transaction count from there.</summary>
    private const string MoveHead = "UPDATE stream_head SET pos = pos + $1 RETURNING pos, set_config('matrix.head', (pos - $1)::text, false)";

    /// <summary>Fails the transaction, by a division by zero, if an epoch is not the expected one.</summary>
    private const string CheckFences =
        "SELECT 1 / (NOT EXISTS (SELECT FROM unnest($1, $2) AS expected (owner, epoch) " +
        "WHERE expected.epoch <> COALESCE((SELECT fences.epoch FROM fences WHERE fences.owner = expected.owner), 0)))::integer";
    private const string RaiseEpochs =
        "INSERT INTO fences (owner, epoch) SELECT * FROM unnest($1, $2) ON CONFLICT (owner) DO UPDATE SET epoch = excluded.epoch";
    private const string InsertChanges =
        $"INSERT INTO changes (pos, kind, key) SELECT {PostgresPlan.Head} + pos, kind, key FROM unnest($1, $2) WITH ORDINALITY AS own (kind, key, pos)";
    private const string Notify = $"SELECT pg_notify($1, ({PostgresPlan.Head} + $2)::text || $3)";

    private readonly NpgsqlDataSource _source;
    private readonly ChangeFeed _feed;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CommitQueue _queue = new();
    private readonly ConcurrentDictionary<Statement, PostgresPlan> _plans = new();
    private readonly List<PendingUnit> _units = [];
    private readonly List<Change> _foreign = [];
    private readonly List<PendingUnit> _accepted = [];
    private readonly List<Change> _own = [];
    private readonly Task _loop;
    private NpgsqlConnection? _connection;
    private long _newHead;
    private long? _lastHead;
    private long? _othersSeenAt;
    private long _usedAt;

    public PostgresWriter(NpgsqlDataSource source, ChangeFeed feed, TimeProvider time, ILogger<PostgresWriter> logger)
    {
        _time = time;
        _source = source;
        _feed = feed;
        _logger = logger;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>The server process of the commit loop's connection; 0 if there is none.</summary>
    public int ProcessId => _connection?.ProcessID ?? 0;

    /// <inheritdoc cref="IStorage.CommitAsync"/>
    public Task<CommitResult> CommitAsync(WriteUnit unit) => _queue.Enqueue(unit);

    /// <summary>Commits what waits, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _loop.ConfigureAwait(false);
        await DisconnectAsync().ConfigureAwait(false);
        _queue.Dispose();
    }

    private async Task RunAsync()
    {
        while (await _queue.TakeAsync(_units, MostUnits).ConfigureAwait(false))
        {
            try
            {
                await CommitGroupAsync().ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                LogCommitFailed(_logger, _units.Count, exception);
                foreach (var unit in _units) unit.Fail(unit.Error ?? (IsBroken(exception) ? exception.AsUnavailable() : exception));
                await DisconnectAsync().ConfigureAwait(false);
            }
            foreach (var unit in _units) unit.Finish();
            _units.Clear();
        }
    }

    /// <summary>
    /// Commits the group without the units that fail. The first try is one round trip, joins inserts, and takes the fences to be as their owners left them. If
    /// it fails, the fences are read before, and each command is one unit's, so that the error names it.
    /// </summary>
    private async Task CommitGroupAsync()
    {
        foreach (var unit in _units)
        {
            if (unit.Unit.Fence is { Broken: true } fence) unit.Fail(new StaleFenceException(fence.Owner));
        }
        var epochs = WasIdle() ? null : ExpectedEpochs();
        for (var retries = 0; ; epochs = null)
        {
            CommitBatch? batch = null;
            try
            {
                batch = epochs is not null ? Prepare(epochs, isOpen: false) : Prepare(await OpenAsync().ConfigureAwait(false), isOpen: true);
                if (_accepted.Count == 0)
                {
                    if (epochs is null) await RollbackAsync().ConfigureAwait(false);
                    return;
                }
                await batch.RunAsync().ConfigureAwait(false);
                Publish();
                return;
            }
            catch (Exception exception) when (
                IsBroken(exception) && batch?.MayHaveCommitted((exception as PostgresException)?.BatchCommand as NpgsqlBatchCommand) != true &&
                retries++ < MostRetries)
            {
                // Nothing was committed: most often a connection that broke while it was idle.
                await DisconnectAsync().ConfigureAwait(false);
            }
            catch (PostgresException exception) when (
                batch is not null && !batch.MayHaveCommitted(exception.BatchCommand as NpgsqlBatchCommand) &&
                exception.SqlState[..2] is not ("57" or "58" or "53" or "XX"))
            {
                // Not the server's own trouble: the data's.
                await RollbackAsync().ConfigureAwait(false);
                if (epochs is not null) continue;
                var (unit, write) = batch.OwnerOf(exception.BatchCommand as NpgsqlBatchCommand);
                if (unit is null) throw;
                unit.Fail(exception.SqlState.StartsWith("23", StringComparison.Ordinal) && write!.Statement.Conflict is { } conflict
                    ? new ConflictException(conflict) : exception);
            }
        }
    }

    /// <summary>The epochs that the group takes its fences to have; null if two activations of one owner are in it: which is right, the database knows.</summary>
    private Dictionary<string, long>? ExpectedEpochs()
    {
        Dictionary<string, Fence> fences = new(StringComparer.Ordinal);
        Dictionary<string, long> epochs = new(StringComparer.Ordinal);
        foreach (var unit in _units)
        {
            if (unit.Error is not null || unit.Unit.Fence is not { } fence) continue;
            if (fences.TryAdd(fence.Owner, fence)) epochs.Add(fence.Owner, unit.Acquires ? unit.Epoch - 1 : unit.Epoch);
            else if (fences[fence.Owner] != fence) return null;
        }
        return epochs;
    }

    /// <summary>A round trip that begins the transaction, locks the head and reads the fences.</summary>
    private async Task<Dictionary<string, long>> OpenAsync()
    {
        _connection ??= await ConnectAsync().ConfigureAwait(false);
        Dictionary<string, long> epochs = new(StringComparer.Ordinal);
        foreach (var unit in _units)
        {
            if (unit.Error is null && unit.Unit.Fence is { } fence) epochs[fence.Owner] = 0;
        }
        var opening = new CommitBatch(_connection, _plans, joined: false);
        opening.Add("BEGIN", null);
        opening.Add(LockHead, static _ => { });
        if (epochs.Count > 0)
            opening.Add(SelectFences, row => epochs[row.Text(0)] = row.Integer(1), PostgresParameters.Texts([.. epochs.Keys.Select(SqlText.Escape)]));
        await opening.RunAsync().ConfigureAwait(false);
        return epochs;
    }

    /// <summary>Builds the round trip that writes and commits the units that the fences accept.</summary>
    /// <param name="epochs">The fences as they are, or are taken to be.</param>
    /// <param name="isOpen">The transaction has begun, the head is locked, and the fences are as they are.</param>
    private CommitBatch Prepare(Dictionary<string, long> epochs, bool isOpen)
    {
        var batch = new CommitBatch(_connection!, _plans, joined: !isOpen);
        if (!isOpen) batch.Add("BEGIN", null);
        if (_feed.Current != (_lastHead ?? _feed.Current)) _othersSeenAt = _time.GetTimestamp();
        var isShared = _othersSeenAt is { } seen && _time.GetElapsedTime(seen) < s_shared;
        if (isShared) batch.Add(DoNotWait, null);
        var raised = Accept(new(epochs, StringComparer.Ordinal));
        batch.Add(MoveHead, row => _newHead = row.Integer(0), PostgresParameters.Integer(_own.Count));
        if (!isOpen && epochs.Count > 0) AddEpochs(batch, CheckFences, static _ => { }, epochs);
        _foreign.Clear();
        batch.Add(
            SelectChanges, row => _foreign.Add(new Change(row.Integer(0), (ChangeKind)row.Integer(1), row.Text(2))),
            PostgresParameters.Integer(_feed.Current), PostgresParameters.Integer(long.MaxValue), PostgresParameters.Integer(long.MaxValue));
        foreach (var unit in _accepted) batch.Add(unit);
        batch.Flush();
        if (raised.Count > 0) AddEpochs(batch, RaiseEpochs, null, raised);
        if (_own.Count > 0)
        {
            batch.Add(
                InsertChanges, null, PostgresParameters.Integers([.. _own.Select(static change => (long)change.Kind)]),
                PostgresParameters.Texts([.. _own.Select(static change => SqlText.Escape(change.Key))]));
        }
        End(batch, isShared);
        return batch;
    }

    private static void AddEpochs(CommitBatch batch, string sql, Action<PostgresRow>? read, Dictionary<string, long> epochs) => batch.Add(
        sql, read, PostgresParameters.Texts([.. epochs.Keys.Select(SqlText.Escape)]), PostgresParameters.Integers([.. epochs.Values]));

    /// <summary>Gives the units that the fences accept their places behind the head, and the others their error.</summary>
    /// <returns>The epochs that they raise.</returns>
    private Dictionary<string, long> Accept(Dictionary<string, long> epochs)
    {
        _accepted.Clear();
        _own.Clear();
        var raised = new Dictionary<string, long>(StringComparer.Ordinal);
        HashSet<Fence> broken = [];   // by a unit of this group: only the units after it fall with it
        foreach (var unit in _units)
        {
            if (unit.Error is null) CheckFence(unit, epochs, raised, broken);
            if (unit.Error is not null)
            {
                if (unit.Unit.Fence is { } fence) broken.Add(fence);
                continue;
            }
            unit.FirstPosition = _own.Count + 1;
            _own.AddRange(unit.Unit.Changes);
            _accepted.Add(unit);
        }
        return raised;
    }

    /// <summary>Commits, has that on disk, and tells other silos what it was.</summary>
    private void End(CommitBatch batch, bool isShared)
    {
        if (!isShared)
        {
            if (_own.Count > 0) AddNotice(batch);
            batch.Commit(chain: false);
            return;
        }
        // The head is not to be held while the disk is waited for.
        batch.Commit(chain: true);
        batch.Add(Sync, static _ => { });
        if (_own.Count > 0)
        {
            // What others are told of is on disk. Notices are committed one after the other: that must not wait for the disk either.
            batch.Add(CommitBatch.CommitAndGoOn, null);
            batch.Add(DoNotWait, null);
            AddNotice(batch);
        }
        batch.Add("COMMIT", null);
    }

    private void AddNotice(CommitBatch batch) => batch.Add(
        Notify, static _ => { }, PostgresParameters.Text(Channel), PostgresParameters.Integer(_own.Count), PostgresParameters.Text(ChangeNotice.Lines(_own)));

    /// <summary>Whether the connection is not known to be good: there is none, or nothing went over it for a while.</summary>
    private bool WasIdle() => _connection is null || _time.GetElapsedTime(_usedAt) > s_idle;

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = await _source.OpenConnectionAsync().ConfigureAwait(false);
        try
        {
            var command = new NpgsqlCommand(EndIfIdle, connection);
            await using (command.ConfigureAwait(false)) await command.ExecuteNonQueryAsync().ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The driver may also find, when it is given the next command, that the database has ended the session.</summary>
    private bool IsBroken(Exception exception) => exception.IsBrokenConnection() || _connection is { State: not ConnectionState.Open };

    private static void CheckFence(PendingUnit unit, Dictionary<string, long> epochs, Dictionary<string, long> raised, HashSet<Fence> broken)
    {
        if (unit.Unit.Fence is not { } fence) return;
        if (broken.Contains(fence) || epochs[fence.Owner] != (unit.Acquires ? unit.Epoch - 1 : unit.Epoch)) unit.Fail(new StaleFenceException(fence.Owner));
        else if (unit.Acquires) raised[fence.Owner] = epochs[fence.Owner] = unit.Epoch;
    }

    /// <summary>The units have their positions. The feed goes on through what other silos committed before this group, then through the group.</summary>
    private void Publish()
    {
        _usedAt = _time.GetTimestamp();
        if (_foreign.Count > 0) _othersSeenAt = _usedAt;
        _lastHead = _newHead;
        var head = _newHead - _own.Count;
        foreach (var unit in _accepted) unit.FirstPosition += head;
        Change[] changes = [.. _foreign, .. _own.Select(change => change with { Position = ++head })];
        _feed.Publish(changes);
    }

    private async Task RollbackAsync()
    {
        var command = new NpgsqlCommand("ROLLBACK", _connection);
        await using (command.ConfigureAwait(false)) await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private async Task DisconnectAsync()
    {
        if (_connection is not { } connection) return;
        _connection = null;
        try
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is NpgsqlException || exception.IsBrokenConnection())
        {
            LogDisconnectFailed(_logger, exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A group of {Count} units could not be committed")]
    private static partial void LogCommitFailed(ILogger logger, int count, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The commit connection did not close cleanly")]
    private static partial void LogDisconnectFailed(ILogger logger, Exception exception);
}
