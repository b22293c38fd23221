using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Federation;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Grains.Tests.Room;
using OrleansMatrix.Grains.User;
using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Grains.User.Sync;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Postgres;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.Reading;

/// <summary>The read side on a fresh database, without grains around it; rooms are written straight into storage.</summary>
internal sealed class ReadServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LargeAnswers _answers;
    private readonly Dictionary<string, UserState> _users = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Ownership> _owners = new(StringComparer.Ordinal);

    private ReadServer(string? postgres, TimeProvider time)
    {
        Time = time;
        Storage = postgres is null
            ? SqliteStorage.Open(_folder.File("matrix.db"), time, NullLoggerFactory.Instance)
            : PostgresStorage.Open(postgres, time, NullLoggerFactory.Instance);
        Nodes = new StateNodeCache(Storage.StateNodes);
        var settings = new MatrixSettings { ServerName = ServerName.Parse("x"), DataDirectory = _folder.Path };
        _answers = new LargeAnswers(settings);
        Read = new ReadServices(Storage, Nodes, _answers, time, NullLogger<ReadServices>.Instance);
        Hub = new ChangeHub(Storage.Feed);
        var sharing = new SharedRooms(Hub, Storage, new LocalServer(ServerName.Parse("x"), RoomHarness.LocalKey));
        Signals = new NeighbourSignals(Hub, sharing, NullLogger<NeighbourSignals>.Instance);
        Users = new UserServices(Read, settings, Hub, Signals, sharing);
    }

    public TimeProvider Time { get; }
    public TestClock Clock => (TestClock)Time;
    public IStorage Storage { get; }
    public StateNodeCache Nodes { get; }
    public ReadServices Read { get; }
    public ChangeHub Hub { get; }
    public NeighbourSignals Signals { get; }
    public UserServices Users { get; }

    /// <summary>On a database of its own, or on the PostgreSQL database given.</summary>
    public static async Task<ReadServer> StartAsync(string? postgres = null, TimeProvider? time = null)
    {
        var server = new ReadServer(postgres, time ?? new TestClock());
        await server.Storage.MigrateAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public UserState State(string userId) => _users.TryGetValue(userId, out var state) ? state : _users[userId] = new UserState(Users, userId);

    public UserReceipts Receipts(string userId) => new(Users, AccountData(userId), userId);

    public UserAccountData AccountData(string userId) => new(Storage, Users.Settings, _owners.GetOrAdd(userId, id => new Ownership(Storage, $"user:{id}")), userId);

    /// <summary>A sync as the user's device D would do it.</summary>
    public async Task<JsonElement> SyncAsync(
        string userId, string? since = null, string? filter = null, bool fullState = false, bool stateAfter = false, int timeout = 0, string device = "D")
    {
        var request = new SyncRequest(new Requester(UserId.Parse(userId), device), since, filter, fullState, "offline", timeout, stateAfter);
        var outcome = await SyncRun.RunAsync(State(userId), request, TestContext.Current.CancellationToken);
        Assert.Null(outcome.Error);
        using var document = JsonDocument.Parse(outcome.Value);
        return document.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var state in _users.Values)
            state.Dispose();
        _answers.Dispose();
        await Signals.DisposeAsync();
        await Storage.DisposeAsync();
        _folder.Dispose();
    }
}
