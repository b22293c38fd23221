using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Storage.Sql;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.Storage.Sqlite.Native;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Commits;

/// <summary>How the write-ahead log is written and kept short.</summary>
public sealed class SqliteLogTests : IDisposable
{
    private static readonly Statement Begin = new("BEGIN IMMEDIATE");
    private static readonly Statement Commit = new("COMMIT");
    private static readonly Statement Rollback = new("ROLLBACK");
    private static readonly Statement Insert = new("INSERT INTO t (blob) VALUES ($1)");
    private static readonly Statement Rewrite = new("UPDATE t SET blob = $1");
    private static readonly Statement Bytes = new("SELECT sum(length(blob)) FROM t");
    private static readonly Statement Problems = new("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'");

    private readonly TemporaryFolder _folder = new();

    private string File => _folder.File("log.db");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(100)]
    [InlineData(3_000_000)]   // more than is gathered, and than the page cache holds
    public void A_commit_is_whole_in_the_file_when_it_returns(int size)
    {
        using var writer = OpenWriter("PRAGMA cache_size = 20;");
        using var reader = new SqliteConnection(File, "PRAGMA journal_mode = WAL;");

        Write(writer, Insert, size, Commit);
        Write(writer, Insert, size, Rollback);
        Write(writer, Insert, size, Commit);
        Write(writer, Rewrite, size, Commit);

        Assert.Equal(2 * size, reader.Integer(Bytes));
        Assert.Equal(0, reader.Integer(Problems));
        // What a crash leaves, as the log is recovered by one who knows nothing of the process.
        Directory.CreateDirectory(_folder.File("crash"));
        System.IO.File.Copy(File, _folder.File("crash/log.db"));
        System.IO.File.Copy(File + "-wal", _folder.File("crash/log.db-wal"));
        using var recovered = new SqliteConnection(_folder.File("crash/log.db"), "PRAGMA journal_mode = WAL;");
        Assert.Equal(2 * size, recovered.Integer(Bytes));
        Assert.Equal(0, recovered.Integer(Problems));
    }

    [Fact]
    public void The_log_stays_short_under_steady_writing()
    {
        const int MostPages = 200;
        using var writer = OpenWriter("");
        using (var checkpointer = new SqliteCheckpointer(File, NullLogger.Instance, pagesBetween: 50, MostPages))
        {
            for (var i = 0; i < 1000; i++)
            {
                Write(writer, Insert, 10_000, Commit);
                checkpointer.KeepLogSmall(writer);
                if (writer.LogPages > MostPages) checkpointer.Settle();
            }
        }

        Assert.InRange(new FileInfo(File + "-wal").Length, 1, 3 * MostPages * 4096);
        Assert.Equal(1000 * 10_000, writer.Integer(Bytes));
        Assert.Equal(0, writer.Integer(Problems));
    }

    private SqliteConnection OpenWriter(string settings)
    {
        Assert.NotNull(GatheredLog.Name);
        var writer = new SqliteConnection(File, SqliteWriter.Settings + settings, GatheredLog.Name);
        writer.WatchLog();
        writer.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, blob BLOB NOT NULL)");
        return writer;
    }

    private static void Write(SqliteConnection writer, Statement statement, int size, Statement end)
    {
        writer.Run(Begin);
        writer.Run(statement, (ReadOnlyMemory<byte>)new byte[size]);
        writer.Run(end);
    }
}
