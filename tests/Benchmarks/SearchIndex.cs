using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Directory.Searching;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Postgres;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Benchmarks;

/// <summary>
/// What indexing costs for each message, and what searches take: <c>dotnet run -c Release --project tests/Benchmarks -- search [sqlite|postgres] [events]</c>.
/// Short messages of 12 words lie in 16 rooms, and 300 of 60 kB in another. CPU is this process's, all threads.
/// </summary>
internal static class SearchIndex
{
    private const int Rooms = 16;
    private const int Words = 20_000;
    private const int LongTexts = 300;
    private const string User = "@a:bench.test";

    public static async Task RunAsync(string[] args)
    {
        var events = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 300_000;
        if (args.Length < 2 || args[1] == "sqlite")
        {
            using var folder = new TemporaryFolder();
            await MeasureAsync("sqlite", SqliteStorage.Open(folder.File("matrix.db"), TimeProvider.System, NullLoggerFactory.Instance), events);
        }

        if (args.Length < 2 || args[1] == "postgres")
        {
            await using var cluster = await PostgresCluster.StartAsync();
            var database = await cluster.CreateDatabaseAsync();
            await using var source = NpgsqlDataSource.Create(database);
            await MeasureAsync("postgres", PostgresStorage.Open(database, TimeProvider.System, NullLoggerFactory.Instance), events, async () =>
            {
                // As the database does by itself, but for one made for tests.
                await using var command = source.CreateCommand("ANALYZE");
                await command.ExecuteNonQueryAsync();
            });
        }
    }

    private static async Task MeasureAsync(string name, IStorage storage, int events, Func<Task>? analyze = null)
    {
        await using (storage)
        {
            await storage.MigrateAsync(CancellationToken.None);
            var random = new Random(1);
            for (var room = 0; room < Rooms; room++)
                await JoinAsync(storage, RoomId(room));
            await SendAsync(storage, events, i => RoomId(i % Rooms), i => i == 0 ? "onlyhere" : Text(random, 12));
            if (analyze is not null)
                await analyze();
            await IndexAsync(name, storage, events, [.. Enumerable.Range(0, Rooms).Select(RoomId)]);
            foreach (var (what, term) in ((string, string)[])[
                ("the oldest message", "onlyhere"), ("nothing", "nowhere"), ("500 of many", "w0"), ("two words of many", "w0 w1"),
                ("a beginning of most", "w1"), ("a rare word", "w19999")])
                await SearchAsync($"{name} {events} short texts", what, storage, term);

            await JoinAsync(storage, "!long:bench.test");
            await SendAsync(storage, LongTexts, static _ => "!long:bench.test", _ => "long " + Text(random, 10_000));
            await IndexAsync(name, storage, LongTexts, ["!long:bench.test"]);
            await SearchAsync($"{name} {LongTexts} texts of 60 kB", "all of them", storage, "long");
            await SearchAsync($"{name} {LongTexts} texts of 60 kB", "nothing", storage, "long nowhere");
        }
    }

    private static string RoomId(int number) => string.Create(CultureInfo.InvariantCulture, $"!room{number}:bench.test");

    /// <summary>Words of which the first are the most frequent.</summary>
    private static string Text(Random random, int words) => string.Join(' ', Enumerable.Range(0, words).Select(
        _ => string.Create(CultureInfo.InvariantCulture, $"w{(int)(Words * Math.Pow(random.NextDouble(), 3))}")));

    private static async Task JoinAsync(IStorage storage, string roomId)
    {
        var unit = new WriteUnit();
        storage.Memberships.Put(
            unit, new MembershipRow(roomId, User, "join", User, "$join", 0, null, false, null, null), unit.NextPosition(ChangeKind.Membership, User));
        await storage.CommitAsync(unit);
    }

    private static async Task SendAsync(IStorage storage, int count, Func<int, string> roomOf, Func<int, string> textOf)
    {
        const int atOnce = 100;
        for (var i = 0; i < count;)
        {
            var unit = new WriteUnit();
            for (var end = Math.Min(count, i + atOnce); i < end; i++)
            {
                var (roomId, id) = (roomOf(i), string.Create(CultureInfo.InvariantCulture, $"${i}-{roomOf(i)[1..5]}-0123456789abcdef0123456789abcdef"));
                var json = JsonSerializer.SerializeToUtf8Bytes(new
                {
                    auth_events = Array.Empty<string>(),
                    content = new { body = textOf(i), msgtype = "m.text" },
                    depth = i,
                    hashes = new { sha256 = "0123456789abcdef0123456789abcdef0123456789a" },
                    origin_server_ts = 1_700_000_000_000 + i,
                    prev_events = Array.Empty<string>(),
                    room_id = roomId,
                    sender = User,
                    signatures = new Dictionary<string, Dictionary<string, string>> { ["bench.test"] = new() { ["ed25519:1"] = new('A', 86) } },
                    type = "m.room.message",
                });
                var slot = unit.NextPosition(ChangeKind.RoomEvent, roomId);
                storage.Events.AppendLive(unit, new EventRow
                {
                    EventId = id,
                    RoomId = roomId,
                    Type = "m.room.message",
                    Sender = User,
                    Depth = i,
                    OriginServerTs = 1_700_000_000_000 + i,
                    StateBefore = StateNodeId.Empty,
                    Json = json,
                }, slot);
                storage.Rooms.Put(unit, new RoomRow(roomId, "11", StateNodeId.Empty, [id], i, 0), slot);
            }

            await storage.CommitAsync(unit);
        }
    }

    private static async Task IndexAsync(string name, IStorage storage, int events, string[] rooms)
    {
        var indexing = new RoomIndexing(storage, new SystemRandom());
        var (cpu, clock, steps) = (Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.StartNew(), new List<TimeSpan>());
        foreach (var roomId in rooms)
        {
            for (var began = clock.Elapsed; await indexing.StepAsync(roomId) > 0; began = clock.Elapsed)
                steps.Add(clock.Elapsed - began);
        }

        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        steps.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name} indexing {events}: {clock.Elapsed.TotalMicroseconds / events:F1} us, {cpu.TotalMicroseconds / events:F1} us CPU for each, " +
            $"a step of {events / steps.Count} median {steps[steps.Count / 2].TotalMilliseconds:F1} ms, " +
            $"p99 {steps[steps.Count * 99 / 100].TotalMilliseconds:F1} ms"));
    }

    private static async Task SearchAsync(string where, string what, IStorage storage, string term)
    {
        const int times = 11;
        using var answers = new LargeAnswers(new MatrixSettings { ServerName = ServerName.Parse("x"), DataDirectory = "" });
        var services = new ReadServices(storage, new StateNodeCache(storage.StateNodes), answers, TimeProvider.System, NullLogger<ReadServices>.Instance);
        using var body = JsonDocument.Parse(Encoding.UTF8.GetBytes(
            $$"""{"search_categories":{"room_events":{"search_term":"{{term}}","order_by":"recent"} } }"""));
        var query = SearchQuery.Read(body.RootElement, null).Value!;
        var took = new List<TimeSpan>();
        var count = 0;
        for (var i = 0; i < times; i++)
        {
            var clock = Stopwatch.StartNew();
            // Nothing is asked of grains, since the index is complete.
            using var memory = answers.Open(User);
            var page = await new SearchRun(services, null!, new Requester(UserId.Parse(User), "D"), query, memory).RunAsync(CancellationToken.None);
            await new SearchAnswer(query, page).RenderAsync(CancellationToken.None);
            took.Add(clock.Elapsed);
            count = page.Count;
        }

        took.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{where}, {what}: {count} found, median {took[times / 2].TotalMilliseconds:F1} ms, longest {took[^1].TotalMilliseconds:F1} ms"));
    }
}
