using System.Globalization;
using Orleans.TestingHost;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests;

/// <summary>Each row of <see cref="Budgets"/> is driven past its limits. A row that nobody drives fails the test.</summary>
public sealed class BudgetTests : IAsyncLifetime
{
    private const string Device = "D";
    private static readonly Requester s_alice = new(UserId.Parse(Alice), Device);
    private static readonly RoomId s_room = RoomId.Parse("!room:local");
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private IStorage _storage = null!;
    private InProcessTestCluster _cluster = null!;

    public static TheoryData<string> Names { get; } = [.. Budgets.All.Select(static budget => $"{budget.Name} of a {budget.Owner}")];

    public async ValueTask InitializeAsync()
    {
        _storage = await TestStorage.OpenAsync(_folder, _clock);
        _cluster = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Nobody_gets_past_a_budget(string name)
    {
        var budget = Budgets.All.Single(row => $"{row.Name} of a {row.Owner}" == name);
        await (budget switch
        {
            _ when budget == Budgets.AccountData => DriveAccountDataAsync(),
            _ when budget == Budgets.Filters => DriveFiltersAsync(),
            _ when budget == Budgets.Tags => DriveTagsAsync(),
            _ when budget == Budgets.PushRules => DrivePushRulesAsync(),
            _ when budget == Budgets.Pushers => DrivePushersAsync(),
            _ when budget == Budgets.Devices => DriveDevicesAsync(),
            _ when budget == Budgets.OneTimeKeys => DriveOneTimeKeysAsync(),
            _ when budget == Budgets.ToDevice => DriveToDeviceAsync(),
            _ when budget == Budgets.ThreadReceipts => DriveThreadReceiptsAsync(),
            _ when budget == Budgets.AliasesOfUser => DriveAliasesAsync(static (i, _) => ($"!other{i / 40}:local", Alice)),
            _ when budget == Budgets.AliasesOfRoom => DriveAliasesAsync(static (i, room) => (room, $"@u{i}:local")),
            _ when budget == Budgets.Backups => DriveBackupsAsync(),
            _ when budget == Budgets.BackedUpKeys => DriveBackedUpKeysAsync(),
            _ => throw new NotSupportedException($"nobody drives {name}"),
        });
    }

    private async Task DriveAccountDataAsync()
    {
        var budget = Budgets.AccountData;
        var user = Grain<IUserGrain>(Alice);
        TooLarge(await user.SetAccountData("", "big", Padded(budget.MaxItemBytes + 1)));
        var fitting = (int)(budget.MaxBytes / budget.MaxItemBytes);
        for (var i = 0; i < fitting; i++)
            Fits(await user.SetAccountData("", Name(i), Padded(budget.MaxItemBytes)));
        Full(await user.SetAccountData("", "more", Padded(100)));

        // What is there can be replaced, and made smaller; then there is room.
        Fits(await user.SetAccountData("", Name(0), Padded(budget.MaxItemBytes)));
        Fits(await user.SetAccountData("", Name(0), Padded(2)));
        Fits(await user.SetAccountData("", "more", Padded(100)));

        await SeedAsync(budget.MaxCount, (unit, i) => _storage.AccountData.Put(
            unit, new AccountDataRow("@bob:local", "", Name(i), Padded(2), 0), unit.NextPosition(ChangeKind.AccountData, "@bob:local")));
        Full(await Grain<IUserGrain>("@bob:local").SetAccountData("", "more", Padded(2)));
    }

    private async Task DriveFiltersAsync()
    {
        var budget = Budgets.Filters;
        var user = Grain<IUserGrain>(Alice);
        TooLarge(await user.AddFilter(Padded(budget.MaxItemBytes + 1)));
        var fitting = (int)(budget.MaxBytes / budget.MaxItemBytes);
        for (var i = 0; i < fitting; i++)
            Fits(await user.AddFilter(Padded(budget.MaxItemBytes, Name(i))));
        Full(await user.AddFilter(Padded(100)));
        Fits(await user.AddFilter(Padded(budget.MaxItemBytes, Name(0))));

        for (var i = 0; i < budget.MaxCount; i++)
            await _storage.AccountData.AddFilterAsync("@bob:local", Padded(50, Name(i)));
        Full(await Grain<IUserGrain>("@bob:local").AddFilter(Padded(50)));
    }

    private async Task DriveTagsAsync()
    {
        var budget = Budgets.Tags;
        var user = Grain<IUserGrain>(Alice);
        TooLarge(await user.SetTag(s_room, "u.big", Padded(budget.MaxItemBytes + 1)));
        for (var i = 0; i < budget.MaxCount; i++)
            Fits(await user.SetTag(s_room, Name(i), Padded(2)));
        Full(await user.SetTag(s_room, "u.more", Padded(2)));
        Fits(await user.SetTag(s_room, Name(0), Padded(20)));
        Fits(await user.DeleteTag(s_room, Name(0)));
        Fits(await user.SetTag(s_room, "u.more", Padded(2)));
    }

    private async Task DrivePushRulesAsync()
    {
        var budget = Budgets.PushRules;
        var user = Grain<IUserGrain>(Alice);
        TooLarge(await user.PutPushRule(Rule("big", budget.MaxItemBytes + 1)));
        var fitting = 0;
        while ((await user.PutPushRule(Rule(Name(fitting), 1000))).Ok)
            fitting++;
        Full(await user.PutPushRule(Rule("more", 1000)));
        Assert.InRange(fitting, budget.MaxBytes / 1100, budget.MaxBytes / 1000);
        Fits(await user.DeletePushRule("content", Name(0)));
        Fits(await user.PutPushRule(Rule("more", 1000)));

        var bob = Grain<IUserGrain>("@bob:local");
        var rules = string.Join(',', Enumerable.Range(0, budget.MaxCount).Select(static i => $$"""{"rule_id":"{{Name(i)}}","pattern":"a","actions":[]}"""));
        await SeedAsync(1, (unit, _) => _storage.AccountData.Put(
            unit, new AccountDataRow("@bob:local", "", "m.push_rules", Utf8($$$"""{"global":{"content":[{{{rules}}}]}}"""), 0),
            unit.NextPosition(ChangeKind.AccountData, "@bob:local")));
        Full(await bob.PutPushRule(Rule("more", 100)));

        static PushRuleToPut Rule(string id, int bytes) => new(
            "content", id, Utf8($$"""{"pattern":"{{new string('a', bytes - 26)}}","actions":[]}"""), null, null);
    }

    private async Task DrivePushersAsync()
    {
        var budget = Budgets.Pushers;
        var pushers = Grain<IPusherGrain>(Alice);
        TooLarge(await pushers.Set(Device, Pusher("big", budget.MaxItemBytes)));
        for (var i = 0; i < budget.MaxCount; i++)
            Fits(await pushers.Set(Device, Pusher(Name(i), 1)));
        Full(await pushers.Set(Device, Pusher("more", 1)));
        Fits(await pushers.Set(Device, Pusher(Name(0), 2)));

        static ReadOnlyMemory<byte> Pusher(string key, int padding) => Utf8($$$"""
            {"app_id":"a","pushkey":"{{{key}}}","kind":"http","app_display_name":"A","device_display_name":"D","lang":"en",
             "data":{"url":"https://push.example.org/_matrix/push/v1/notify","x":"{{{new string('x', padding)}}}"}}
            """);
    }

    private async Task DriveDevicesAsync()
    {
        var account = Grain<IAccountGrain>(Alice);
        Fits(await account.Register(new NewAccount(null, false, false, null, null, Session("first"))));
        for (var i = 0; i < Budgets.Devices.MaxCount; i++)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            var token = (await account.CreateLoginToken()).Value!.Token;
            Fits(await account.LogInWithToken(AccessToken.Hash(token), Session(Name(i))));
        }

        var devices = (await _storage.Devices.OfUserAsync(Alice)).Select(static device => device.DeviceId).ToList();
        Assert.Equal(Budgets.Devices.MaxCount, devices.Count);
        Assert.DoesNotContain("first", devices);
        Assert.Contains(Name(0), devices);

        static NewSession Session(string device) => new(device, null, false, "10.0.0.1", "");
    }

    private async Task DriveOneTimeKeysAsync()
    {
        var budget = Budgets.OneTimeKeys;
        var keys = Grain<IUserKeysGrain>(Alice);
        TooLarge(await keys.Upload(Device, Utf8($$$"""{"one_time_keys":{"a:big":"{{{new string('k', budget.MaxItemBytes)}}}"}}""")));
        Fits(await keys.Upload(Device, Keys("a", 0, budget.MaxCount)));
        Full(await keys.Upload(Device, Keys("a", budget.MaxCount, 1)));
        Fits(await keys.Upload(Device, Keys("a", 0, 1)));
        Fits(await keys.Upload(Device, Keys("b", 0, budget.MaxCount)));

        static ReadOnlyMemory<byte> Keys(string algorithm, int first, int count) => Utf8(
            $$$"""{"one_time_keys":{ {{{string.Join(',', Enumerable.Range(first, count).Select(i => $"\"{algorithm}:{i}\":\"k\""))}}} }}""");
    }

    private async Task DriveToDeviceAsync()
    {
        var budget = Budgets.ToDevice;
        await SeedAsync(1, (unit, _) => _storage.Devices.Put(unit, new DeviceRow("@bob:local", Device, null, null, null, null)));
        var sender = Grain<IToDeviceGrain>(Alice);
        TooLarge(await sender.Send(Device, "m.x", "big", Messages(Padded(budget.MaxItemBytes + 1))));
        var size = 60 * 1024;
        var sent = (int)(budget.MaxBytes / size * 3 / 2);
        for (var i = 0; i < sent; i++)
            Fits(await sender.Send(Device, "m.x", Name(i), Messages(Padded(size))));
        var left = await _storage.ToDevice.SizeAsync("@bob:local", Device);
        Assert.InRange(left, budget.MaxBytes / 2, budget.MaxBytes);

        // The newest are there.
        var last = _storage.Feed.Current;
        var waiting = await _storage.ToDevice.WaitingAsync("@bob:local", Device, 0, long.MaxValue, 10_000);
        Assert.Equal(last, waiting[^1].Position);

        static byte[] Messages(ReadOnlyMemory<byte> content) => [.. """{"messages":{"@bob:local":{"D":"""u8, .. content.Span, .. "}}}"u8];
    }

    private async Task DriveThreadReceiptsAsync()
    {
        var room = await CreateRoomAsync();
        var sent = (await Grain<IRoomGrain>(room).Send(new EventToSend(s_alice, "m.room.message", Utf8("{}"), "1"))).Value;
        await SeedAsync(Budgets.ThreadReceipts.MaxCount, (unit, i) => _storage.Receipts.Put(
            unit, new ReceiptRow(room, Alice, "m.read", "$" + Name(i), sent, default, 0, 0), unit.NextPosition(ChangeKind.Receipt, room)));
        Fits(await Grain<IUserGrain>(Alice).SetReceipt(new ReceiptToSet(RoomId.Parse(room), "m.read", EventId.Parse(sent), "main")));
        Fits(await Grain<IUserGrain>(Alice).SetReceipt(new ReceiptToSet(RoomId.Parse(room), "m.read", EventId.Parse(sent), null)));
        Assert.Equal([.. Enumerable.Range(1, Budgets.ThreadReceipts.MaxCount - 1).Select(static i => "$" + Name(i)), "main", ""], await ThreadsAsync());

        // One that moves on within its thread makes none of the others go.
        var next = (await Grain<IRoomGrain>(room).Send(new EventToSend(s_alice, "m.room.message", Utf8("{}"), "2"))).Value;
        Fits(await Grain<IUserGrain>(Alice).SetReceipt(new ReceiptToSet(RoomId.Parse(room), "m.read", EventId.Parse(next), "main")));
        Assert.Equal(Budgets.ThreadReceipts.MaxCount + 1, (await ThreadsAsync()).Count());

        async Task<IEnumerable<string>> ThreadsAsync() => (await _storage.Receipts.OfUserAsync(Alice, room)).Select(static receipt => receipt.ThreadId);
    }

    private async Task<string> CreateRoomAsync() => (await Grain<IRoomFactoryGrain>(Alice).Create(
        new RoomRequest(s_alice, null, "private_chat", "11", null, null, null, [], 0, false, null, null, []))).Value!;

    private async Task DriveAliasesAsync(Func<int, string, (string Room, string Creator)> other)
    {
        var room = await CreateRoomAsync();
        await SeedAsync(49, (unit, i) =>
        {
            var (roomId, creator) = other(i, room);
            _storage.Directory.AddAlias(unit, new AliasRow($"#{Name(i)}:local", roomId, creator));
        });
        Fits(await Grain<IRoomAliasGrain>("#fits:local").Create(s_alice, RoomId.Parse(room)));
        Full(await Grain<IRoomAliasGrain>("#more:local").Create(s_alice, RoomId.Parse(room)));
        Fits(await Grain<IRoomAliasGrain>("#fits:local").Delete(s_alice));
        Fits(await Grain<IRoomAliasGrain>("#more:local").Create(s_alice, RoomId.Parse(room)));
    }

    private async Task DriveBackupsAsync()
    {
        var budget = Budgets.Backups;
        var backups = Grain<IKeyBackupGrain>(Alice);
        TooLarge(await backups.CreateVersion(Utf8($$$"""{"algorithm":"a","auth_data":{"x":"{{{new string('x', budget.MaxItemBytes)}}}"}}""")));
        var body = Utf8("""{"algorithm":"a","auth_data":{}}""");
        for (var i = 0; i < budget.MaxCount; i++)
            Fits(await backups.CreateVersion(body));
        Full(await backups.CreateVersion(body));
        Fits(await backups.DeleteVersion("1"));
        Fits(await backups.CreateVersion(body));
    }

    private async Task DriveBackedUpKeysAsync()
    {
        var budget = Budgets.BackedUpKeys;
        var backups = Grain<IKeyBackupGrain>(Alice);
        Fits(await backups.CreateVersion(Utf8("""{"algorithm":"a","auth_data":{}}""")));
        TooLarge(await backups.PutKeys("1", "!r:local", "big", Key(budget.MaxItemBytes)));
        await SeedAsync(budget.MaxCount - 1, (unit, i) =>
            _storage.Keys.Backups.PutSession(unit, Alice, 1, new BackupSessionRow("!r:local", Name(i), Utf8("{}"))));
        Fits(await backups.PutKeys("1", "!r:local", "fits", Key(1)));
        Full(await backups.PutKeys("1", "!r:local", "more", Key(1)));

        static ReadOnlyMemory<byte> Key(int padding) => Utf8(
            $$$"""{"first_message_index":1,"forwarded_count":0,"is_verified":true,"session_data":{"x":"{{{new string('x', padding)}}}"}}""");
    }

    private async Task SeedAsync(int count, Action<WriteUnit, int> add)
    {
        foreach (var part in Enumerable.Range(0, count).Chunk(5000))
        {
            var unit = new WriteUnit();
            foreach (var i in part)
                add(unit, i);
            await _storage.CommitAsync(unit);
        }
    }

    private T Grain<T>(string key) where T : IGrainWithStringKey => _cluster.Client.GetGrain<T>(key);

    private static string Name(int number) => "n" + number.ToString("D6", CultureInfo.InvariantCulture);

    // A JSON object of that length.
    private static ReadOnlyMemory<byte> Padded(int length, string key = "") =>
        length == 2 ? "{}"u8.ToArray() : Utf8($$"""{"{{key}}":"{{new string('x', length - 7 - key.Length)}}"}""");

    private static void Fits<T>(Outcome<T> outcome) => Assert.True(outcome.Ok, outcome.Error?.Message);

    private static void TooLarge<T>(Outcome<T> outcome) => Assert.Equal(("M_TOO_LARGE", 413), (outcome.Error?.ErrCode, outcome.Error?.Status));

    private static void Full<T>(Outcome<T> outcome) => Assert.Equal(("M_USER_LIMIT_EXCEEDED", 403), (outcome.Error?.ErrCode, outcome.Error?.Status));
}
