using System.Collections.Concurrent;
using System.Data;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>
/// A silo's commit loop: one group of units in flight, in one transaction of two round trips. The first locks the head of the stream, which orders the
/// commits of all silos, and reads the fences; the second writes, commits, and waits until the database's log is on disk. Where other silos commit too, the head
/// is given back before that, so that they share the syncs of the log (ADR 0003).
/// </summary>
internal sealed partial class PostgresWriter : IAsyncDisposable
{
    /// <summary>The channel on which silos wake each other; the payload is the new head.</summary>
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
    private const int MostUnits = 512;
    private const int MostRetries = 2;
    private const string LockHead = $"{SelectHead} FOR UPDATE";
    private const string SelectFences = "SELECT owner, epoch FROM fences WHERE owner = ANY($1)";
    private const string MoveHead = "UPDATE stream_head SET pos = $1";
    private const string RaiseEpochs =
        "INSERT INTO fences (owner, epoch) SELECT * FROM unnest($1, $2) ON CONFLICT (owner) DO UPDATE SET epoch = excluded.epoch";
    private const string InsertChanges = "INSERT INTO changes (pos, kind, key) SELECT * FROM unnest($1, $2, $3)";
    private const string Notify = "SELECT pg_notify($1, $2)";

    private readonly NpgsqlDataSource _source;
    private readonly ChangeFeed _feed;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CommitQueue _queue = new();
    private readonly ConcurrentDictionary<Statement, PostgresPlan> _plans = new();
    private readonly List<PendingUnit> _units = [];
    private readonly List<Change> _foreign = [];
    private readonly Task _loop;
    private Change[] _own = [];
    private NpgsqlConnection? _connection;
    private long _head;
    private long? _lastHead;
    private long? _othersSeenAt;

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
    /// Commits the group without the units that fail. The first try joins inserts; if it fails, each command is one unit's, so that the error names it.
    /// </summary>
    private async Task CommitGroupAsync()
    {
        foreach (var unit in _units)
        {
            if (unit.Unit.Fence is { Broken: true } fence) unit.Fail(new StaleFenceException(fence.Owner));
        }
        var retries = 0;
        for (var joined = true; ; joined = false)
        {
            CommitBatch? batch = null;
            try
            {
                batch = await PrepareAsync(joined).ConfigureAwait(false);
                if (batch is null) return;
                await batch.RunAsync().ConfigureAwait(false);
                _lastHead = _head;
                Publish();
                return;
            }
            catch (Exception exception) when (batch is null && IsBroken(exception) && retries++ < MostRetries)
            {
                // Nothing has been written yet: most often a connection that broke while it was idle.
                await DisconnectAsync().ConfigureAwait(false);
            }
            catch (PostgresException exception) when (
                batch is not null && !batch.MayHaveCommitted(exception.BatchCommand as NpgsqlBatchCommand) &&
                exception.SqlState[..2] is not ("57" or "58" or "53" or "XX"))
            {
                // Not the server's own trouble: the data's.
                await RollbackAsync().ConfigureAwait(false);
                if (joined) continue;
                var (unit, write) = batch.OwnerOf(exception.BatchCommand as NpgsqlBatchCommand);
                if (unit is null) throw;
                unit.Fail(exception.SqlState.StartsWith("23", StringComparison.Ordinal) && write!.Statement.Conflict is { } conflict
                    ? new ConflictException(conflict) : exception);
            }
        }
    }

    /// <summary>The first round trip; then builds the second. Null if no unit is left.</summary>
    private async Task<CommitBatch?> PrepareAsync(bool joined)
    {
        _connection ??= await ConnectAsync().ConfigureAwait(false);
        long head = 0;
        Dictionary<string, long> epochs = new(StringComparer.Ordinal);
        foreach (var unit in _units)
        {
            if (unit.Error is null && unit.Unit.Fence is { } fence) epochs[fence.Owner] = 0;
        }
        var opening = new CommitBatch(_connection, _plans, joined: false);
        opening.Add("BEGIN", null);
        opening.Add(LockHead, row => head = row.Integer(0));
        if (epochs.Count > 0)
            opening.Add(SelectFences, row => epochs[row.Text(0)] = row.Integer(1), PostgresParameters.Texts([.. epochs.Keys.Select(SqlText.Escape)]));
        await opening.RunAsync().ConfigureAwait(false);

        var batch = new CommitBatch(_connection, _plans, joined);
        var isShared = IsShared(head);
        if (isShared) batch.Add(DoNotWait, null);
        _foreign.Clear();
        if (head > _feed.Current)
        {
            batch.Add(
                SelectChanges, row => _foreign.Add(new Change(row.Integer(0), (ChangeKind)row.Integer(1), row.Text(2))),
                PostgresParameters.Integer(_feed.Current), PostgresParameters.Integer(head), PostgresParameters.Integer(long.MaxValue));
        }
        var raised = new Dictionary<string, long>(StringComparer.Ordinal);
        HashSet<Fence> broken = [];   // by a unit of this group: only the units after it fall with it
        List<Change> own = [];
        var accepted = 0;
        foreach (var unit in _units)
        {
            if (unit.Error is null) CheckFence(unit, epochs, raised, broken);
            if (unit.Error is not null)
            {
                if (unit.Unit.Fence is { } fence) broken.Add(fence);
                continue;
            }
            unit.FirstPosition = head + 1;
            batch.Add(unit);
            foreach (var change in unit.Unit.Changes) own.Add(change with { Position = ++head });
            accepted++;
        }
        if (accepted == 0)
        {
            await RollbackAsync().ConfigureAwait(false);
            return null;
        }
        batch.Flush();
        if (raised.Count > 0)
            batch.Add(RaiseEpochs, null, PostgresParameters.Texts([.. raised.Keys.Select(SqlText.Escape)]), PostgresParameters.Integers([.. raised.Values]));
        if (own.Count > 0)
        {
            batch.Add(
                InsertChanges, null, PostgresParameters.Integers([.. own.Select(static change => change.Position)]),
                PostgresParameters.Integers([.. own.Select(static change => (long)change.Kind)]),
                PostgresParameters.Texts([.. own.Select(static change => SqlText.Escape(change.Key))]));
            batch.Add(MoveHead, null, PostgresParameters.Integer(head));
        }
        End(batch, isShared, own.Count > 0 ? head : null);
        _head = head;
        _own = [.. own];
        return batch;
    }

    /// <summary>Commits, has that on disk, and tells other silos how far the stream goes.</summary>
    /// <param name="batch">What is committed.</param>
    /// <param name="isShared">The head is not to be held while the disk is waited for.</param>
    /// <param name="moved">The new head; null: it stays where it was.</param>
    private static void End(CommitBatch batch, bool isShared, long? moved)
    {
        if (!isShared)
        {
            if (moved is { } head) AddNotice(batch, head);
            batch.Commit();
            return;
        }
        batch.Commit();
        batch.Add("BEGIN", null);
        batch.Add(Sync, static _ => { });
        batch.Add("COMMIT", null);
        if (moved is not { } told) return;
        // What others are told of is on disk. Notices are committed one after the other: that must not wait for the disk either.
        batch.Add("BEGIN", null);
        batch.Add(DoNotWait, null);
        AddNotice(batch, told);
        batch.Add("COMMIT", null);
    }

    private static void AddNotice(CommitBatch batch, long head) => batch.Add(
        Notify, static _ => { }, PostgresParameters.Text(Channel), PostgresParameters.Text(head.ToString(CultureInfo.InvariantCulture)));

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

    /// <summary>Whether other silos commit too: the head is not where this one left it, or was not a while ago.</summary>
    private bool IsShared(long head)
    {
        if (head != (_lastHead ?? head)) _othersSeenAt = _time.GetTimestamp();
        return _othersSeenAt is { } seen && _time.GetElapsedTime(seen) < s_shared;
    }

    private static void CheckFence(PendingUnit unit, Dictionary<string, long> epochs, Dictionary<string, long> raised, HashSet<Fence> broken)
    {
        if (unit.Unit.Fence is not { } fence) return;
        if (broken.Contains(fence) || epochs[fence.Owner] != (unit.Acquires ? unit.Epoch - 1 : unit.Epoch)) unit.Fail(new StaleFenceException(fence.Owner));
        else if (unit.Acquires) raised[fence.Owner] = epochs[fence.Owner] = unit.Epoch;
    }

    /// <summary>The feed goes on through what other silos committed before this group, then through the group.</summary>
    private void Publish()
    {
        if (_own.Length == 0 && _foreign.Count == 0) return;
        Change[] changes = [.. _foreign, .. _own];
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
