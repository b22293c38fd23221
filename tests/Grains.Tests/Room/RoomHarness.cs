using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Federation;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Room;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Creating;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.Room;

/// <summary>Rooms on a SQLite file without grains around them: one harness stands for one silo.</summary>
internal sealed class RoomHarness : IAsyncDisposable
{
    public const string Alice = "@alice:local";
    public const string Bob = "@bob:local";
    public const string Carol = "@carol:local";
    public static readonly SigningKey LocalKey = SigningKey.FromSeed("1", new byte[32]);
    private readonly Dictionary<string, (RoomSlot Room, TaskFactory Scheduler)> _slots = [];
    private readonly TemporaryFolder? _folder;

    private RoomHarness(IStorage storage, TemporaryFolder? folder, TestClock clock, string name)
    {
        _folder = folder;
        Storage = storage;
        Clock = clock;
        Server = new LocalServer(ServerName.Parse(name), name == RemoteServer.Name ? RemoteServer.Key : LocalKey);
        Services = new RoomServices(storage, new StateNodeCache(storage.StateNodes), Server, clock, new SeededRandom(), new TestKeyRing());
    }

    public IStorage Storage { get; }
    public LargeAnswers Answers { get; } = new(new MatrixSettings { ServerName = ServerName.Parse("x"), DataDirectory = "" });
    public TestClock Clock { get; }
    public LocalServer Server { get; }
    public RoomServices Services { get; init; }

    public IRemoteRooms Remote { get; set; } = new NoOtherServers();

    /// <summary>Times that another activation proved to own a room of this silo.</summary>
    public int Stale { get; private set; }

    /// <param name="wrap">Puts something between the rooms and storage.</param>
    public static async Task<RoomHarness> StartAsync(
        TemporaryFolder? shared = null, TestClock? clock = null, string name = "local", Func<IStorage, IStorage>? wrap = null)
    {
        var folder = shared ?? new TemporaryFolder();
        clock ??= new TestClock();
        var storage = await TestStorage.OpenAsync(folder, clock);
        return new RoomHarness(wrap?.Invoke(storage) ?? storage, shared is null ? folder : null, clock, name);
    }

    public async ValueTask DisposeAsync()
    {
        Answers.Dispose();
        await Storage.DisposeAsync();
        _folder?.Dispose();
    }

    /// <summary>Runs a call as a grain would: on a scheduler that runs one piece of code at a time.</summary>
    public Task<T> RunAsync<T>(string roomId, Func<RoomActivation, Task<T>> call)
    {
        if (!_slots.TryGetValue(roomId, out var slot))
            _slots[roomId] = slot = (new RoomSlot(Services, roomId, () => Stale++), new TaskFactory(new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler));
        return slot.Scheduler.StartNew(() => slot.Room.RunAsync(call)).Unwrap();
    }

    /// <summary>Gets the members of a room that was joined without them; true if they are all there now.</summary>
    public async Task<bool> FillAsync(string roomId, int failures = 0)
    {
        await RunAsync(roomId, _ => Task.FromResult(true));
        var (room, scheduler) = _slots[roomId];
        return await scheduler.StartNew(() => new FetchMembers(Services, Remote, room, roomId, NullLogger.Instance).RunAsync(default, failures)).Unwrap();
    }

    /// <summary>Forgets what is in memory, as a silo that is killed does.</summary>
    public void Forget() => _slots.Clear();

    public async Task<string> CreateAsync(string version = "12", string preset = "public_chat", params StateDraft[] more)
    {
        RoomVersion.TryGet(version, out var roomVersion);
        var rules = RoomPreset.Of(preset, false)!;
        StateDraft[] drafts =
        [
            new(EventTypes.Member, Alice, Utf8("""{"membership":"join"}""")),
            new(EventTypes.PowerLevels, "", PowerLevelDefaults.Write(roomVersion!, roomVersion!.PrivilegedCreators ? [] : [Alice], default)),
            new(EventTypes.JoinRules, "", Utf8($$"""{"join_rule":"{{rules.JoinRule}}"}""")),
            new(EventTypes.HistoryVisibility, "", Utf8("""{"history_visibility":"shared"}""")),
            .. more,
        ];
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        var create = RoomFounder.Build(Services, roomVersion, Alice, RoomFounder.CreateContent(roomVersion, Alice, default), Services.Now).Value;
        var creation = new RoomCreation(version, create.Json, [.. drafts], false);
        var outcome = await RunAsync(create.RoomId, room => CreateRoom.RunAsync(room, creation));
        Assert.True(outcome.Ok, outcome.Error?.Message);
        return create.RoomId;
    }

    public Task<Outcome<string>> SendAsync(string roomId, string sender, string body, string? transactionId = null) => RunAsync(roomId, room =>
        SendMessage.RunAsync(room,
            new EventToSend(new Requester(UserId.Parse(sender), "D"), "m.room.message", Utf8($$"""{"msgtype":"m.text","body":"{{body}}"}"""), transactionId)));

    public Task<Outcome<string>> SendJsonAsync(string roomId, string sender, string type, string content, string? transactionId = null) =>
        RunAsync(roomId, room =>
            SendMessage.RunAsync(room, new EventToSend(new Requester(UserId.Parse(sender), "D"), type, Utf8(content), transactionId)));

    public Task<Outcome<string>> SetStateAsync(string roomId, string sender, string type, string stateKey, string content) => RunAsync(roomId, room =>
        room.ChangeAsync<string>((active, unit) => SetState.AppendAsync(active, unit, new EventDraft(sender, type, stateKey, Utf8(content)))));

    public Task<Outcome<string>> MemberAsync(
        string roomId, string sender, MembershipAction action, string? target = null, string? content = null, bool guest = false) =>
        RunAsync(roomId, room =>
            new ChangeMembership(u => Task.FromResult(new MemberProfile(u, u[1..2], null)), new InvitePermission(Services), new RemoteMembership(Remote),
            (_, _) => Task.CompletedTask).RunAsync(
            room, new MembershipChange(new Requester(UserId.Parse(sender), "D", guest), action, target ?? sender, Content: content is null
            ? default(ReadOnlyMemory<byte>?) : Utf8(content))));

    public Task<Outcome<string>> RedactAsync(string roomId, string sender, string eventId, string? transactionId = null) => RunAsync(roomId, room =>
        RedactEvent.RunAsync(room, new EventToRedact(new Requester(UserId.Parse(sender), "D"), eventId, null, transactionId)));

    /// <summary>The room's whole shown history, oldest first.</summary>
    public Task<IReadOnlyList<EventRow>> HistoryAsync(string roomId) =>
        Storage.Events.RangeAsync(roomId, HistoryOrder.Start, HistoryOrder.End, Direction.Forward, 10_000).AsTask();

    public async Task<EventRow> EventAsync(string eventId) => (await Storage.Events.GetAsync(eventId))!;

    /// <summary>The committed current state: event ids by (type, state key).</summary>
    public async Task<Dictionary<(string, string), string>> StateAsync(string roomId)
    {
        var room = (await Storage.Rooms.GetAsync(roomId))!;
        return await StateAtAsync(room.State);
    }

    /// <summary>A committed state: event ids by (type, state key).</summary>
    public async Task<Dictionary<(string, string), string>> StateAtAsync(StateNodeId root)
    {
        var entries = await new StateMap(new StateNodeCache(Storage.StateNodes)).ListAsync(root);
        return entries.ToDictionary(e => (e.Type, e.StateKey), e => e.EventId);
    }

    public static ReadOnlyMemory<byte> Utf8(string text) => Encoding.UTF8.GetBytes(text);

    public static JsonElement Json(EventRow row) => JsonDocument.Parse(row.Json).RootElement;

    public static ImmutableArray<string> PrevEvents(EventRow row) =>
        [.. Json(row).GetProperty("prev_events").EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()! : e[0].GetString()!)];
}
