using System.Globalization;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>
/// The SQLite back end: one writer thread that commits in groups, and a pool of connections for readers. Reads run on the caller's thread, since they take
/// microseconds; they return completed tasks.
/// </summary>
internal sealed class SqliteDatabase : ISqlDatabase
{
    private const string ReaderSettings =
        "PRAGMA journal_mode = WAL; PRAGMA query_only = ON; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = ";
    private const int MostIdleReaders = 16;
    private static readonly Statement Ping = new("SELECT pos FROM stream_head");

    private readonly string _path;
    private readonly string _readerSettings;
    private readonly SqliteWriter _writer;
    private readonly Lock _gate = new();
    private readonly Stack<SqliteConnection> _idle = [];
    private bool _started;
    private bool _disposed;

    public SqliteDatabase(string path, long mappedBytes, ILoggerFactory loggers)
    {
        _path = path;
        _readerSettings = string.Create(CultureInfo.InvariantCulture, $"{ReaderSettings}{mappedBytes / MostIdleReaders};");
        CreatePrivately(path);
        Feed = new ChangeFeed(loggers.CreateLogger<ChangeFeed>());
        _writer = new SqliteWriter(path, Feed, loggers.CreateLogger<SqliteWriter>());
    }

    /// <inheritdoc/>
    public ChangeFeed Feed { get; }

    /// <inheritdoc/>
    public ValueTask<List<T>> QueryAsync<T>(
        Statement statement, Func<SqlRow, T> read, CancellationToken cancellationToken, params ReadOnlySpan<SqlValue> arguments)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<List<T>>(cancellationToken);
        using var activity = StorageTelemetry.StartQuery("sqlite", statement);
        List<T> rows = [];
        var connection = Rent();
        try
        {
            Read(connection.Prepare(statement), read, arguments, rows);
        }
        finally
        {
            Return(connection);
        }
        return new(rows);
    }

    /// <inheritdoc/>
    public ValueTask<List<T>> QueryEachAsync<T>(
        Statement statement, Func<SqlRow, T> read, IReadOnlyList<SqlValue[]> arguments, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<List<T>>(cancellationToken);
        using var activity = StorageTelemetry.StartQuery("sqlite", statement);
        List<T> rows = [];
        var connection = Rent();
        try
        {
            var prepared = connection.Prepare(statement);
            foreach (var set in arguments) Read(prepared, read, set, rows);
        }
        finally
        {
            Return(connection);
        }
        return new(rows);
    }

    /// <inheritdoc/>
    public Task<CommitResult> CommitAsync(WriteUnit unit) => _writer.CommitAsync(unit);

    /// <inheritdoc/>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        var head = await Task.Run(() => SqliteMigrator.Run(_path), cancellationToken).ConfigureAwait(false);
        if (!Interlocked.Exchange(ref _started, true)) Feed.Start(head);
    }

    /// <inheritdoc/>
    public Task PingAsync(CancellationToken cancellationToken) => QueryAsync(Ping, static row => row.Integer(0), cancellationToken).AsTask();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _disposed = true;
            while (_idle.TryPop(out var connection)) connection.Dispose();
        }
    }

    /// <summary>
    /// The file holds secrets; its log and index take over its mode. A file that is there must not be opened here: closing it would drop the locks that
    /// this process's SQLite connections hold on it (sqlite.org/howtocorrupt.html, 2.2).
    /// </summary>
    private static void CreatePrivately(string path)
    {
        if (OperatingSystem.IsWindows() || File.Exists(path)) return;
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite
            };
            new FileStream(path, options).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another silo was faster.
        }
    }

    private static void Read<T>(SqliteStatement prepared, Func<SqlRow, T> read, ReadOnlySpan<SqlValue> arguments, List<T> rows)
    {
        try
        {
            prepared.Bind(arguments, 0);
            while (prepared.Step()) rows.Add(read(prepared));
        }
        finally
        {
            prepared.Reset();
        }
    }

    private SqliteConnection Rent()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_idle.TryPop(out var connection)) return connection;
        }
        return new SqliteConnection(_path, _readerSettings);
    }

    private void Return(SqliteConnection connection)
    {
        lock (_gate)
        {
            if (!_disposed && _idle.Count < MostIdleReaders)
            {
                _idle.Push(connection);
                return;
            }
        }
        connection.Dispose();
    }
}
