using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Orleans.TestingHost;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Fences;

/// <summary>A silo that is cut off goes on with its activations while others make new ones: what it writes must not get past them (ADR 0004).</summary>
public sealed class TwoActivationsTests : IAsyncLifetime
{
    private static readonly Requester s_alice = new(UserId.Parse(Alice), "D");
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private readonly FakeServers _servers = new();
    private IStorage _storage = null!;
    private InProcessTestCluster _former = null!;
    private InProcessTestCluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        _storage = await TestStorage.OpenAsync(_folder, _clock);
        _former = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage, _servers);
        _cluster = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage, _servers);
    }

    public async ValueTask DisposeAsync()
    {
        await _former.DisposeAsync();
        await _cluster.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Dispose();
        _servers.Dispose();
    }

    [Fact]
    public async Task A_former_activation_of_an_account_cannot_change_what_the_new_one_has_read()
    {
        var (former, account) = Activations<IAccountGrain>(Alice);
        Assert.True((await former.Register(new NewAccount(null, false, false, null, "Alice", null))).Ok);
        Assert.Contains("Alice", await ProfileAsync(account), StringComparison.Ordinal);

        await Assert.ThrowsAnyAsync<Exception>(() => former.SetProfileField("displayname", Utf8("\"former\"")));
        Assert.Equal("\"Alice\"", await StoredAsync("displayname"));

        // It reads again and owns the account then; the other is the former one now.
        Assert.True((await former.SetProfileField("displayname", Utf8("\"again\""))).Ok);
        await Assert.ThrowsAnyAsync<Exception>(() => account.SetProfileField("m.tz", Utf8("\"Europe/Rome\"")));
        Assert.True((await account.SetProfileField("m.tz", Utf8("\"Europe/Rome\""))).Ok);
        var profile = await ProfileAsync(account);
        Assert.Contains("again", profile, StringComparison.Ordinal);
        Assert.Contains("Europe/Rome", profile, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_use_of_a_registration_token_counts_once()
    {
        var unit = new WriteUnit();
        _storage.Accounts.PutRegistrationToken(unit, new RegistrationTokenRow("token", 3, 0, null));
        await _storage.CommitAsync(unit);
        var (former, token) = Activations<IRegistrationTokenGrain>("token");
        Assert.True(await former.Use());
        Assert.True(await token.Use());
        await Assert.ThrowsAnyAsync<Exception>(former.Use);
        Assert.Equal(2, (await _storage.Accounts.GetRegistrationTokenAsync("token"))!.Completed);
        Assert.True(await former.Use());
        Assert.False(await token.Use());
        Assert.False(await _cluster.Client.GetGrain<IRegistrationTokenGrain>("unknown").Use());
    }

    [Fact]
    public async Task Two_activations_never_make_the_same_backup_version()
    {
        var body = Utf8("""{"algorithm":"a","auth_data":{}}""");
        var (former, backups) = Activations<IKeyBackupGrain>(Alice);
        Assert.Equal("""{"version":"1"}""", Encoding.UTF8.GetString((await former.CreateVersion(body)).Value.Span));
        Assert.Equal("""{"version":"2"}""", Encoding.UTF8.GetString((await backups.CreateVersion(body)).Value.Span));
        await Assert.ThrowsAnyAsync<Exception>(() => former.CreateVersion(body));
        Assert.Equal(2, await _storage.Keys.Backups.LastVersionAsync(Alice));
        Assert.Equal("""{"version":"3"}""", Encoding.UTF8.GetString((await former.CreateVersion(body)).Value.Span));
    }

    [Fact]
    public async Task No_tag_is_lost_between_two_activations_that_set_tags_at_once()
    {
        var (former, user) = Activations<IUserGrain>(Alice);
        var set = new ConcurrentBag<string>();
        await Task.WhenAll(Enumerable.Range(0, 20).SelectMany(i => new[] { SetAsync(former, $"u.former{i}"), SetAsync(user, $"u.current{i}") }));
        using var tags = JsonDocument.Parse((await user.GetTags(RoomId.Parse("!room:local"))).Value);
        Assert.Equal(set.Order(StringComparer.Ordinal), tags.RootElement.GetProperty("tags").EnumerateObject().Select(t => t.Name)
            .Order(StringComparer.Ordinal));

        async Task SetAsync(IUserGrain grain, string tag)
        {
            try
            {
                Assert.True((await grain.SetTag(RoomId.Parse("!room:local"), tag, Utf8("{}"))).Ok);
                set.Add(tag);
            }
            catch (Exception)
            {
                // Overtaken several times in a row: the client is told that it failed.
            }
        }
    }

    [Fact]
    public async Task An_upload_that_a_former_activation_did_not_see_is_not_taken_back()
    {
        var (former, keys) = Activations<IUserKeysGrain>(Alice);
        Assert.True((await former.Upload("D", Utf8("""{"one_time_keys":{"signed_curve25519:A":{"key":"1"}}}"""))).Ok);
        Assert.True((await keys.Upload("D", Utf8("""{"one_time_keys":{"signed_curve25519:B":{"key":"2"}}}"""))).Ok);
        Assert.Equal("M_INVALID_PARAM", (await former.Upload("D", Utf8("""{"one_time_keys":{"signed_curve25519:B":{"key":"3"}}}"""))).Error!.ErrCode);
        Assert.Equal(2, (await _storage.Keys.OneTimeKeysAsync(Alice, "D")).Count);
    }

    [Fact]
    public async Task Media_is_uploaded_through_one_of_two_activations()
    {
        var (former, media) = Activations<IMediaGrain>("local/abc");
        Assert.True((await former.Reserve(Alice)).Ok);
        Assert.True((await media.CheckUpload(Alice)).Ok);
        var outcomes = await Task.WhenAll(
            former.Complete(Alice, new MediaInfo(new string('a', 64), 1, "text/plain", null), reserved: true),
            media.Complete(Alice, new MediaInfo(new string('b', 64), 1, "text/plain", null), reserved: true));
        Assert.Equal("M_CANNOT_OVERWRITE_MEDIA", Assert.Single(outcomes, o => !o.Ok).Error!.ErrCode);
        var stored = (await _storage.Media.GetAsync("local", "abc"))!.Sha256;
        Assert.Equal(outcomes[0].Ok ? new string('a', 64) : new string('b', 64), stored);
    }

    [Fact]
    public async Task A_status_message_stays_that_a_former_activation_of_presence_did_not_see()
    {
        var presence = Activations<IPresenceGrain>(Alice);
        Assert.True((await presence.Former.Set("D", "online", "one")).Ok);
        Assert.True((await presence.Current.Set("D", "unavailable", "two")).Ok);

        // It writes on what the other one wrote: the message that it does not change stays.
        await presence.Former.Syncing([new SyncingDevice("D", "unavailable")]);
        var row = Assert.Single(await _storage.Ephemeral.PresenceAsync([Alice]));
        Assert.Equal(("unavailable", "two"), (row.Presence, row.StatusMessage));
    }

    [Fact]
    public async Task A_receipt_does_not_go_back_between_two_activations()
    {
        var room = await CreateRoomAsync();
        var grain = _cluster.Client.GetGrain<IRoomGrain>(room);
        var events = new List<EventId>();
        for (var i = 0; i < 6; i++)
            events.Add(EventId.Parse((await grain.Send(new EventToSend(s_alice, "m.room.message", Utf8("{}"), $"{i}"))).Value));
        var (former, user) = Activations<IUserGrain>(Alice);
        for (var i = 0; i < events.Count; i++)
            Assert.True((await (i % 2 == 0 ? former : user).SetReceipt(Receipt(i))).Ok);

        // Both at once, and what was read before again.
        var outcomes = await Task.WhenAll(former.SetReceipt(Receipt(1)), user.SetReceipt(Receipt(2)));
        Assert.All(outcomes, outcome => Assert.True(outcome.Ok));
        Assert.Equal(events[^1], Assert.Single(await _storage.Receipts.OfUserAsync(Alice, room)).EventId);

        ReceiptToSet Receipt(int i) => new(RoomId.Parse(room), "m.read", events[i], null);
    }

    [Fact]
    public async Task Two_activations_keep_to_the_number_of_pushers_of_a_user()
    {
        var (former, pushers) = Activations<IPusherGrain>(Alice);
        for (var i = 0; i < 99; i++)
            Assert.True((await (i % 2 == 0 ? former : pushers).Set("D", Pusher($"{i}"))).Ok);

        // Both have read that there is room for one more; the one that is overtaken reads again.
        var outcomes = await Task.WhenAll(former.Set("D", Pusher("former")), pushers.Set("D", Pusher("current")));
        Assert.Equal("M_USER_LIMIT_EXCEEDED", Assert.Single(outcomes, outcome => !outcome.Ok).Error!.ErrCode);
        Assert.Equal(100, (await _storage.Pushers.OfUserAsync(Alice)).Count);

        static ReadOnlyMemory<byte> Pusher(string key) => Utf8($$"""
            {"app_id":"a","pushkey":"{{key}}","kind":"http","app_display_name":"A","device_display_name":"D","lang":"en",
             "data":{"url":"https://push.example.org/_matrix/push/v1/notify"} }
            """);
    }

    [Fact]
    public async Task A_former_activation_of_a_server_takes_nothing_out_of_the_queue_that_another_one_sends()
    {
        const string Other = "1.0.0.1:1";
        var came = new ConcurrentQueue<int>();
        _servers.On(Other, "/_matrix/federation/v1/send/", body =>
        {
            foreach (var edu in JsonDocument.Parse(body).RootElement.GetProperty("edus").EnumerateArray())
                came.Enqueue(edu.GetProperty("content").GetProperty("n").GetInt32());
            return "{}"u8.ToArray();
        });
        var answer = new TaskCompletionSource();
        var (former, server) = Activations<IRemoteServerGrain>(Other);
        await EnqueueAsync(1);
        _servers.AnswerGate = answer.Task;
        await former.Wake();
        await UntilAsync(() => Task.FromResult(came.Count == 1));

        // The former one waits for its answer; the other sends, is done, and has one more to send.
        _servers.AnswerGate = Task.CompletedTask;
        await server.Wake();
        await UntilAsync(async () => (await _storage.Outbox.DestinationsWithQueueAsync()).Count == 0);
        _servers.AnswerGate = new TaskCompletionSource().Task.WaitAsync(TestContext.Current.CancellationToken);
        await EnqueueAsync(2);
        answer.SetResult();
        await UntilAsync(() => Task.FromResult(!_former.TryGetGrainContext(former.GetGrainId(), out _)));
        Assert.NotEmpty(await _storage.Outbox.QueuedAsync(Other, 0, 10));

        _servers.AnswerGate = Task.CompletedTask;
        await server.Wake();
        await UntilAsync(async () => (await _storage.Outbox.DestinationsWithQueueAsync()).Count == 0);
        Assert.Equal([1, 2], came.Distinct());

        Task EnqueueAsync(int number)
        {
            var unit = new WriteUnit();
            _storage.Outbox.Enqueue(
                unit, [Other], new OutboxItem(OutboxKind.ToDevice, "", Body: Utf8($$"""{"edu_type":"m.direct_to_device","content":{"n":{{number}} } }""")),
                unit.NextPosition(ChangeKind.ToDevice, Other));
            return _storage.CommitAsync(unit);
        }
    }

    [Fact]
    public async Task An_alias_is_made_by_one_of_two_activations()
    {
        var rooms = (await CreateRoomAsync(), await CreateRoomAsync());
        var (former, alias) = Activations<IRoomAliasGrain>("#here:local");
        var outcomes = await Task.WhenAll(former.Create(s_alice, RoomId.Parse(rooms.Item1)), alias.Create(s_alice, RoomId.Parse(rooms.Item2)));
        Assert.Equal(409, Assert.Single(outcomes, outcome => !outcome.Ok).Error!.Status);
        Assert.Equal(outcomes[0].Ok ? rooms.Item1 : rooms.Item2, (await former.Resolve()).Value.RoomId);
        Assert.Equal((await former.Resolve()).Value.RoomId, (await alias.Resolve()).Value.RoomId);
    }

    [Fact]
    public async Task Every_report_of_two_activations_is_kept()
    {
        var (former, report) = Activations<IReportGrain>(Alice);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? former : report).ReportUser(UserId.Parse(Bob), $"{i}")));
        Assert.Equal(
            Enumerable.Range(0, 20).Select(i => $"{i}").Order(StringComparer.Ordinal),
            (await _storage.Reports.ListAsync(0, 100)).Select(row => row.Reason).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Who_lists_a_room_on_either_side_lists_it_for_both()
    {
        var (former, listing) = Activations<IRoomListingGrain>(await CreateRoomAsync());
        await Task.WhenAll(former.SetPublic(s_alice, true), listing.SetPublic(s_alice, true));
        Assert.Equal((true, true), ((await former.IsPublic()).Value, (await listing.IsPublic()).Value));
        Assert.True((await former.SetPublic(s_alice, false)).Ok);
        Assert.False((await listing.IsPublic()).Value);
    }

    private async Task<string> CreateRoomAsync() => (await _cluster.Client.GetGrain<IRoomFactoryGrain>(Alice).Create(
        new RoomRequest(s_alice, null, null, null, null, null, null, [], 0, false, null, null, []))).Value;

    private async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var i = 0; i < 6000 && !await isSo(); i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Delay(5);
        }

        Assert.True(await isSo());
    }

    /// <summary>References to one grain's activations on both sides of the split: the one that is asked first is the former one.</summary>
    private (T Former, T Current) Activations<T>(string key)
        where T : IGrainWithStringKey => (_former.Client.GetGrain<T>(key), _cluster.Client.GetGrain<T>(key));

    private async Task<string> StoredAsync(string key) => Encoding.UTF8.GetString((await _storage.Accounts.GetProfileAsync(Alice))[key].Span);

    private static async Task<string> ProfileAsync(IAccountGrain account) => Encoding.UTF8.GetString((await account.GetProfile()).Value.Span);
}
