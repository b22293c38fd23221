using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using OrleansMatrix.Storage.Sql;
using OrleansMatrix.Storage.Sqlite.Native;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>One connection with its prepared statements; used by one thread at a time.</summary>
internal sealed unsafe class SqliteConnection : IDisposable
{
    private readonly nint _database;
    private readonly Dictionary<Statement, SqliteStatement> _prepared = [];
    private int* _logPages;

    /// <summary>Opens the file.</summary>
    /// <param name="vfs">The VFS to use; null: the platform's.</param>
    /// <exception cref="SqliteException">It cannot be opened.</exception>
    public SqliteConnection(string path, string settings, string? vfs = null)
    {
        const int flags = SqliteApi.OpenReadWrite | SqliteApi.OpenCreate | SqliteApi.OpenNoMutex | SqliteApi.OpenExtendedResults;
        var code = SqliteApi.Open(path, out _database, flags, vfs);
        try
        {
            Check(code);
            Check(SqliteApi.BusyTimeout(_database, 30_000));
            Execute(settings);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>False inside a transaction.</summary>
    public bool IsAutocommit => SqliteApi.GetAutocommit(_database) != 0;

    /// <summary>How many pages the log had after this connection's last commit; 0 unless <see cref="WatchLog"/> was called.</summary>
    public int LogPages => _logPages == null ? 0 : *_logPages;

    /// <summary>Keeps <see cref="LogPages"/> up to date, in the place of the automatic checkpoints.</summary>
    public void WatchLog()
    {
        _logPages = (int*)NativeMemory.AllocZeroed(sizeof(int));
        _ = SqliteApi.LogHook(_database, &OnCommit, _logPages);
    }

    /// <summary>The statement's prepared form; the same object each time.</summary>
    public SqliteStatement Prepare(Statement statement)
    {
        if (_prepared.TryGetValue(statement, out var prepared)) return prepared;
        prepared = Compile(SqliteDialect.Translate(statement.Sql), SqliteApi.PreparePersistent);
        _prepared.Add(statement, prepared);
        return prepared;
    }

    /// <summary>Runs one statement that returns nothing of interest.</summary>
    public void Run(Statement statement, params ReadOnlySpan<SqlValue> arguments)
    {
        var prepared = Prepare(statement);
        try
        {
            prepared.Bind(arguments, 0);
            while (prepared.Step()) { }
        }
        finally
        {
            prepared.Reset();
        }
    }

    /// <summary>The first column of the first row, or null.</summary>
    public long? Integer(Statement statement, params ReadOnlySpan<SqlValue> arguments)
    {
        var prepared = Prepare(statement);
        try
        {
            prepared.Bind(arguments, 0);
            return prepared.Step() ? prepared.Integer(0) : null;
        }
        finally
        {
            prepared.Reset();
        }
    }

    /// <summary>Runs a script of several statements.</summary>
    public void Execute(string script)
    {
        var sql = Encoding.UTF8.GetBytes(script);
        fixed (byte* start = sql)
        {
            var next = start;
            while (next != null && next < start + sql.Length)
            {
                Check(SqliteApi.Prepare(_database, next, (int)(start + sql.Length - next), 0, out var handle, out next));
                if (handle == 0) continue;
                using var statement = new SqliteStatement(this, handle);
                while (statement.Step()) { }
            }
        }
    }

    /// <summary>Throws if the code is not SQLITE_OK.</summary>
    public void Check(int code)
    {
        if (code == SqliteApi.Ok) return;
        var message = SqliteApi.ErrorMessage(_database);
        throw new SqliteException(code, message == null ? "" : new string((sbyte*)message));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var statement in _prepared.Values) statement.Dispose();
        _prepared.Clear();
        _ = SqliteApi.Close(_database);
        NativeMemory.Free(_logPages);
        _logPages = null;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnCommit(int* logPages, nint database, byte* name, int pages)
    {
        *logPages = pages;
        return SqliteApi.Ok;
    }

    private SqliteStatement Compile(string text, uint flags)
    {
        var sql = Encoding.UTF8.GetBytes(text);
        fixed (byte* start = sql)
        {
            Check(SqliteApi.Prepare(_database, start, sql.Length, flags, out var handle, out _));
            return new SqliteStatement(this, handle);
        }
    }
}
