using OrleansMatrix.Grains.Tests.Reading;
using OrleansMatrix.Grains.User.Sync;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Tests.User.Sync;

public sealed class RoomTailsTests
{
    private const string A = "@a:x";
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Sends, redactions and questions at random, held against what storage has.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_tail_has_what_storage_has(int seed)
    {
        var random = new Random(seed);
        await using var server = await ReadServer.StartAsync();
        TestRoom[] rooms = [await TestRoom.CreateAsync(server, A, "!one:x"), await TestRoom.CreateAsync(server, A, "!two:x")];
        var messages = rooms.ToDictionary(room => room.Id, _ => new List<string>());
        var tails = new RoomTails(server.Hub, server.Storage.Events, server.Storage.PartialRooms);
        for (var step = 0; step < 300; step++)
        {
            var room = rooms[random.Next(2)];
            var sent = messages[room.Id];
            if (random.Next(3) == 0)
                sent.Add(await room.SendAsync(A, $"m{step}"));
            else if (sent.Count > 0 && random.Next(8) == 0)
                await room.RedactAsync(A, sent[^random.Next(1, Math.Min(4, sent.Count) + 1)]);
            var upTo = await server.Hub.CatchUpAsync(None);
            if (random.Next(4) == 0)
                upTo -= random.Next(5);
            var since = Math.Max(0, upTo - random.Next(40));
            var limit = random.Next(1, 12);
            string[] asked = random.Next(2) == 0 ? [room.Id] : [.. rooms.Select(r => r.Id)];
            var found = await tails.GetAsync(asked, since, upTo, limit);
            var stored = await server.Storage.Events.LatestLiveAsync(asked, since, upTo, limit, None);
            foreach (var id in asked)
            {
                Assert.Equal(
                    stored[id].OrderByDescending(row => row.Position).Select(row => (row.EventId, row.RedactedBy)),
                    found[id].Latest(since, upTo, limit).Select(row => (row.EventId, row.RedactedBy)));
            }
        }
    }

    [Fact]
    public async Task Many_who_want_the_same_at_once_read_it_once()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var before = await server.Hub.CatchUpAsync(None);
        var id = await room.SendAsync(A, "m");
        var upTo = await server.Hub.CatchUpAsync(None);
        var held = new HeldReads(server.Storage.PartialRooms);
        var tails = new RoomTails(server.Hub, server.Storage.Events, held);
        var asking = Enumerable.Range(0, 100).Select(_ => tails.GetAsync([room.Id], before, upTo, 10).AsTask()).ToList();
        Assert.All(asking, task => Assert.False(task.IsCompleted));
        held.Gate.SetResult();
        foreach (var found in await Task.WhenAll(asking))
            Assert.Equal([id], found[room.Id].Latest(before, upTo, 10).Select(row => row.EventId));
        await tails.GetAsync([room.Id], before, upTo, 5);
        Assert.Equal(1, held.Reads);
    }

    [Fact]
    public async Task Who_waits_for_a_read_that_fails_is_told_and_the_next_one_reads_again()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var upTo = await server.Hub.CatchUpAsync(None);
        var held = new HeldReads(server.Storage.PartialRooms);
        var tails = new RoomTails(server.Hub, server.Storage.Events, held);
        var asking = Enumerable.Range(0, 3).Select(_ => tails.GetAsync([room.Id], 0, upTo, 10).AsTask()).ToList();
        held.Gate.SetException(new TimeoutException());
        foreach (var task in asking)
            await Assert.ThrowsAsync<TimeoutException>(() => task);
        held.Gate = new TaskCompletionSource();
        held.Gate.SetResult();
        Assert.Equal(4, (await tails.GetAsync([room.Id], 0, upTo, 10))[room.Id].Newest.Count);
        Assert.Equal(2, held.Reads);
    }

    /// <summary>The part of each read that waits for a gate.</summary>
    private sealed class HeldReads(IPartialRoomStore inner) : IPartialRoomStore
    {
        public TaskCompletionSource Gate { get; set; } = new();

        public int Reads { get; private set; }

        public async ValueTask<IReadOnlyDictionary<string, long>> EndsAsync(
            IReadOnlyCollection<string> roomIds, CancellationToken cancellationToken = default)
        {
            Reads++;
            await Gate.Task;
            return await inner.EndsAsync(roomIds, cancellationToken);
        }

        public ValueTask<PartialRoomRow?> GetAsync(string roomId, CancellationToken cancellationToken = default) => inner.GetAsync(roomId, cancellationToken);

        public ValueTask<IReadOnlyList<string>> AllAsync(CancellationToken cancellationToken = default) => inner.AllAsync(cancellationToken);

        public void Begin(WriteUnit unit, string roomId, string joinEventId, string origin, IReadOnlyCollection<string> servers) =>
            inner.Begin(unit, roomId, joinEventId, origin, servers);

        public void AddEvent(WriteUnit unit, string roomId, string eventId, int index) => inner.AddEvent(unit, roomId, eventId, index);

        public void End(WriteUnit unit, string roomId, PositionSlot slot) => inner.End(unit, roomId, slot);
    }
}
