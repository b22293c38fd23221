using System.Collections.Concurrent;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Reading;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.User;
using OrleansMatrix.Grains.User.Sync;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.TestSupport;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace OrleansMatrix.Grains.Tests.Reading;

/// <summary>Many writers and several syncing readers at once: each reader is told of each event once and in order, whatever the interleaving.</summary>
public sealed class SyncUnderLoadTests(PostgresCluster cluster)
{
    private const int Rooms = 4, PerRoom = 60, Readers = 4;

    [Fact]
    public async Task Readers_see_every_event_once_and_in_order_on_SQLite()
    {
        await using var server = await ReadServer.StartAsync(time: TimeProvider.System);
        await RunAsync(server, server);
    }

    /// <summary>The writers write through one silo's storage, the readers read through another's.</summary>
    [Fact]
    public async Task Readers_see_every_event_once_and_in_order_on_PostgreSQL_through_another_silo()
    {
        var database = await cluster.CreateDatabaseAsync();
        await using var writing = await ReadServer.StartAsync(database, TimeProvider.System);
        await using var reading = await ReadServer.StartAsync(database, TimeProvider.System);
        await RunAsync(writing, reading);
    }

    private static async Task RunAsync(ReadServer writing, ReadServer reading)
    {
        var rooms = new List<TestRoom>();
        for (var i = 0; i < Rooms; i++)
        {
            var room = await TestRoom.CreateAsync(writing, "@w:x", $"!room{i}:x");
            for (var r = 0; r < Readers; r++)
                await room.JoinAsync($"@r{r}:x");
            rooms.Add(room);
        }

        var accountData = writing.AccountData("@r0:x");
        using var one = new SemaphoreSlim(1);
        var sent = rooms.ToDictionary(r => r.Id, _ => new ConcurrentQueue<string>());
        var readers = Enumerable.Range(0, Readers).Select(r => Task.Run(() => ReadAsync(reading, $"@r{r}:x", r))).ToArray();
        var writers = rooms.Select(room => Task.Run(async () =>
        {
            for (var i = 0; i < PerRoom; i++)
            {
                sent[room.Id].Enqueue(await room.SendAsync("@w:x", $"{i}"));
                if (i % 10 != 3)
                    continue;
                // As the user's grain, one at a time.
                await one.WaitAsync(TestContext.Current.CancellationToken);
                await accountData.SetAsync(room.Id, "a.type", "{}"u8.ToArray());
                one.Release();
            }
        })).ToArray();
        await Task.WhenAll(writers);
        foreach (var seen in await Task.WhenAll(readers))
        {
            foreach (var (roomId, events) in sent)
                Assert.Equal(events, seen[roomId]);
        }
    }

    /// <summary>
    /// Syncs until every room's last message came; fills the gaps of limited timelines with /messages. Answers the messages of each room, as told.
    /// </summary>
    private static async Task<Dictionary<string, List<string>>> ReadAsync(ReadServer server, string userId, int number)
    {
        using var state = new UserState(server.Users, userId);
        var requester = new Requester(UserId.Parse(userId), "D");
        var filter = number % 2 == 0 ? """{"room":{"timeline":{"limit":3,"types":["m.room.message"]}}}"""
            : """{"room":{"timeline":{"limit":100,"types":["m.room.message"]}}}""";
        var seen = Enumerable.Range(0, Rooms).ToDictionary(i => $"!room{i}:x", _ => new List<string>());
        var last = new HashSet<string>();
        string? since = null;
        while (last.Count < Rooms)
        {
            var outcome = await SyncRun.RunAsync(state, new SyncRequest(requester, since, filter, false, "offline", 30_000, false), CancellationToken.None);
            using var sync = JsonDocument.Parse(outcome.Value);
            foreach (var room in sync.RootElement.At("rooms", "join")?.EnumerateObject().ToList() ?? [])
            {
                if (!room.Value.TryGetProperty("timeline", out var timeline))
                    continue;
                List<string> ids = [.. timeline.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("event_id").GetString()!)];
                if (timeline.GetProperty("limited").GetBoolean())
                    ids = [.. await GapAsync(server, requester, room.Name, timeline.GetProperty("prev_batch").GetString()!, since), .. ids];
                seen[room.Name].AddRange(ids);
                if (timeline.GetProperty("events").EnumerateArray().Any(e => e.At("content", "body")!.Value.GetString() == $"{PerRoom - 1}"))
                    last.Add(room.Name);
            }

            since = sync.RootElement.Next();
        }

        return seen;
    }

    /// <summary>The messages between a sync token and a timeline's start, oldest first.</summary>
    private static async Task<List<string>> GapAsync(ReadServer server, Requester requester, string roomId, string from, string? to)
    {
        var reader = (await RoomReader.OpenAsync(server.Read, roomId, requester)).Value;
        var ids = new List<string>();
        for (string? cursor = from; cursor is not null;)
        {
            var request = new MessagesRequest(requester, cursor, to, Backward: true, 2, """{"types":["m.room.message"]}""");
            using var page = JsonDocument.Parse((await MessagesRead.MessagesAsync(reader, NoFill.Paging(reader), request)).Value);
            ids.AddRange(page.RootElement.GetProperty("chunk").EnumerateArray().Select(e => e.GetProperty("event_id").GetString()!));
            cursor = page.RootElement.At("end")?.GetString();
        }

        ids.Reverse();
        return ids;
    }
}
