using System.Diagnostics;
using System.Globalization;
using System.Text;
using OrleansMatrix.Storage.Sql;
using OrleansMatrix.TestSupport;
using Own = OrleansMatrix.Storage.Sqlite.SqliteConnection;
using Package = Microsoft.Data.Sqlite;

namespace OrleansMatrix.Benchmarks;

/// <summary>
/// What a send writes (three rows, in transactions of 16 sends) and a page of 20 rows, by the binding of <c>src/Storage.Sqlite</c> and by Microsoft.Data.Sqlite
/// over the same native library, in turns (ADR 0052): <c>dotnet run -c Release --project tests/Benchmarks -- sqlite [rounds]</c>. CPU is this process's.
/// </summary>
internal static class SqliteBinding
{
    private const int SendsPerCommit = 16;
    private const int Commits = 300;
    private const int Reads = 2000;
    private const string Settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;";

    private const string Tables = """
        CREATE TABLE event (id TEXT PRIMARY KEY, room TEXT NOT NULL, at INTEGER NOT NULL, sender TEXT NOT NULL, type TEXT NOT NULL, json BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX event_at ON event (room, at);
        CREATE TABLE room (id TEXT PRIMARY KEY, newest TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE txn (id TEXT PRIMARY KEY, event TEXT NOT NULL) WITHOUT ROWID;
        """;

    private const string InsertEvent = "INSERT INTO event (id, room, at, sender, type, json) VALUES ($1, $2, $3, $4, $5, $6)";
    private const string PutRoom =
        "INSERT INTO room (id, newest, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET newest = excluded.newest, at = excluded.at";
    private const string InsertTransaction = "INSERT INTO txn (id, event) VALUES ($1, $2)";
    private const string SelectPage = "SELECT id, sender, type, json FROM event WHERE room = $1 ORDER BY at DESC LIMIT 20";

    private static readonly byte[] s_json = Encoding.UTF8.GetBytes("{\"content\":\"" + new string('x', 600) + "\"}");

    public static void Run(string[] args)
    {
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
        using var folder = new TemporaryFolder();
        using var own = new OwnSide(folder.File("own.db"));
        using var package = new PackageSide(folder.File("package.db"));
        for (var round = 0; round <= rounds; round++)
        {
            foreach (ISide side in (ISide[])[own, package])
            {
                var write = Measure(() => Write(side, round), Commits * SendsPerCommit);
                var read = Measure(() => Read(side), Reads);
                if (round > 0)
                {
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"{side.Name,-21} send {write.Micros,6:F1} us CPU, {write.Bytes,6} B; page of 20 {read.Micros,6:F1} us CPU, {read.Bytes,6} B"));
                }
            }
        }
    }

    private static (double Micros, long Bytes) Measure(Action work, int times)
    {
        GC.Collect();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        work();
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        return (cpu.TotalMicroseconds / times, (GC.GetTotalAllocatedBytes(precise: true) - allocated) / times);
    }

    private static void Write(ISide side, int round)
    {
        for (var commit = 0; commit < Commits; commit++)
        {
            side.Begin();
            for (var send = 0; send < SendsPerCommit; send++)
            {
                var at = (((long)round * Commits) + commit) * SendsPerCommit + send;
                var id = string.Create(CultureInfo.InvariantCulture, $"${HashCode.Combine(at):x8}-{at}-0123456789abcdef0123456789");
                side.Send(id, string.Create(CultureInfo.InvariantCulture, $"!room{at % 16}:bench.test"), at, "@alice:bench.test", "m.room.message", s_json);
            }

            side.Commit();
        }
    }

    private static void Read(ISide side)
    {
        for (var i = 0; i < Reads; i++)
        {
            if (side.Page("!room3:bench.test") != 20)
                throw new InvalidOperationException("a page has 20 rows");
        }
    }

    private interface ISide
    {
        string Name { get; }

        void Begin();

        void Send(string id, string room, long at, string sender, string type, byte[] json);

        void Commit();

        int Page(string room);
    }

    private sealed class OwnSide : ISide, IDisposable
    {
        private static readonly Statement s_begin = new("BEGIN IMMEDIATE");
        private static readonly Statement s_commit = new("COMMIT");
        private static readonly Statement s_event = new(InsertEvent);
        private static readonly Statement s_room = new(PutRoom);
        private static readonly Statement s_transaction = new(InsertTransaction);
        private static readonly Statement s_page = new(SelectPage);
        private readonly Own _connection;

        public OwnSide(string file)
        {
            _connection = new Own(file, Settings);
            _connection.Execute(Tables);
        }

        public string Name => "src/Storage.Sqlite";

        public void Begin() => _connection.Run(s_begin);

        public void Send(string id, string room, long at, string sender, string type, byte[] json)
        {
            _connection.Run(s_event, id, room, at, sender, type, new ReadOnlyMemory<byte>(json));
            _connection.Run(s_room, room, id, at);
            _connection.Run(s_transaction, id, id);
        }

        public void Commit() => _connection.Run(s_commit);

        public int Page(string room)
        {
            var rows = 0;
            var page = _connection.Prepare(s_page);
            page.Bind([room], 0);
            while (page.Step())
                rows += page.Text(0).Length + page.Text(1).Length + page.Text(2).Length + page.Blob(3).Length > 0 ? 1 : 0;
            page.Reset();
            return rows;
        }

        public void Dispose() => _connection.Dispose();
    }

    private sealed class PackageSide : ISide, IDisposable
    {
        private readonly Package.SqliteConnection _connection;
        private readonly Package.SqliteCommand _event;
        private readonly Package.SqliteCommand _room;
        private readonly Package.SqliteCommand _transaction;
        private readonly Package.SqliteCommand _page;
        private Package.SqliteTransaction? _open;

        public PackageSide(string file)
        {
            _connection = new Package.SqliteConnection("Pooling=False;Data Source=" + file);
            _connection.Open();
            using (var settings = Command(Settings + Tables, 0))
                settings.ExecuteNonQuery();
            _event = Command(InsertEvent, 6);
            _room = Command(PutRoom, 3);
            _transaction = Command(InsertTransaction, 2);
            _page = Command(SelectPage, 1);
        }

        public string Name => "Microsoft.Data.Sqlite";

        public void Begin() => _open = _connection.BeginTransaction(deferred: false);

        public void Send(string id, string room, long at, string sender, string type, byte[] json)
        {
            Run(_event, id, room, at, sender, type, json);
            Run(_room, room, id, at);
            Run(_transaction, id, id);
        }

        public void Commit()
        {
            _open!.Commit();
            _open.Dispose();
            _open = null;
        }

        public int Page(string room)
        {
            _page.Transaction = null;
            _page.Parameters[0].Value = room;
            var rows = 0;
            using var reader = _page.ExecuteReader();
            while (reader.Read())
                rows += reader.GetString(0).Length + reader.GetString(1).Length + reader.GetString(2).Length + reader.GetFieldValue<byte[]>(3).Length > 0 ? 1
                    : 0;
            return rows;
        }

        public void Dispose()
        {
            foreach (var command in (Package.SqliteCommand[])[_event, _room, _transaction, _page])
                command.Dispose();
            _connection.Dispose();
        }

        private Package.SqliteCommand Command(string sql, int parameters)
        {
            var command = _connection.CreateCommand();
#pragma warning disable CA2100 // A constant of this file.
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var i = 1; i <= parameters; i++)
                command.Parameters.Add(new Package.SqliteParameter("$" + i.ToString(CultureInfo.InvariantCulture), null));
            return command;
        }

        private void Run(Package.SqliteCommand command, params ReadOnlySpan<object> values)
        {
            command.Transaction = _open;
            for (var i = 0; i < values.Length; i++)
                command.Parameters[i].Value = values[i];
            command.ExecuteNonQuery();
        }
    }
}
