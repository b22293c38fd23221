using System.Collections.Concurrent;
using System.Text.Json;
using Orleans.TestingHost;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;
using Keys = OrleansMatrix.Protocol.Signing.ServerKeys;

namespace OrleansMatrix.Grains.Tests.ServerKeys;

/// <summary>Remote servers' keys: fetched, kept, asked of notaries (S-S API, Retrieving server keys).</summary>
public sealed class KeyGrainTests : IAsyncLifetime
{
    private const string Origin = "1.0.0.1:1";
    private const string Notary = "1.0.0.2:1";
    private static readonly SigningKey s_key = NewKey("a", 1);
    private static readonly SigningKey s_later = NewKey("b", 2);
    private static readonly SigningKey s_notaryKey = NewKey("n", 3);
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private readonly FakeServers _servers = new();
    private IStorage _storage = null!;
    private InProcessTestCluster _cluster = null!;

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    private IServerKeysGrain Grain => _cluster.Client.GetGrain<IServerKeysGrain>(Origin);

    public async ValueTask InitializeAsync()
    {
        _storage = await TestStorage.OpenAsync(_folder, _clock);
        await StartAsync();
        _servers.On(Notary, "/_matrix/key/v2/server", _ => Keys.Build(ServerName.Parse(Notary), [s_notaryKey], [], Now + Hours(24)));
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Dispose();
        _servers.Dispose();
    }

    [Fact]
    public async Task One_fetch_serves_all_who_wait_and_what_was_fetched_is_kept()
    {
        var gate = new TaskCompletionSource();
        _servers.Gate = gate.Task;
        Publish([s_key]);
        var waiting = Enumerable.Range(0, 20).Select(_ => Grain.Find(s_key.KeyId, Now)).ToList();
        await _servers.Asked(1);
        gate.SetResult();
        Assert.All(await Task.WhenAll(waiting), found => Assert.NotNull(found));
        Assert.Equal(1, _servers.Count(Origin));

        await _cluster.DisposeAsync();
        await StartAsync();
        _servers.Off(Origin);
        Assert.Equal(s_key.VerifyKey.PublicKey.ToArray(), (await Grain.Find(s_key.KeyId, Now))!.PublicKey.ToArray());
        Assert.Equal(1, _servers.Count(Origin));
        Assert.False((await Grain.Published(null, Now)).IsEmpty);
    }

    [Fact]
    public async Task A_key_is_asked_for_again_when_it_may_have_changed_and_not_before()
    {
        Publish([s_key], validHours: 24);
        await Grain.Find(s_key.KeyId, Now);
        _clock.Advance(TimeSpan.FromHours(23));
        await Grain.Find(s_key.KeyId, Now);
        Assert.Equal(1, _servers.Count(Origin));

        _clock.Advance(TimeSpan.FromHours(2));
        Publish([s_later], old: [new ServerVerifyKey(s_key.VerifyKey, Now, true)]);
        var old = (await Grain.Find(s_key.KeyId, Now))!;
        Assert.Equal((true, Now), (old.IsOld, old.ValidUntil));
        Assert.False((await Grain.Find(s_later.KeyId, Now))!.IsOld);
        Assert.Equal(2, _servers.Count(Origin));
    }

    [Fact]
    public async Task Keys_are_never_relied_on_for_more_than_a_week()
    {
        Publish([s_key], validHours: 24 * 365);
        Assert.Equal(Now + Hours(24 * 7), (await Grain.Find(s_key.KeyId, Now))!.ValidUntil);
    }

    [Fact]
    public async Task What_cannot_be_had_is_not_asked_for_again_at_once()
    {
        Assert.Null(await Grain.Find(s_key.KeyId, Now));
        Assert.Null(await Grain.Find(s_key.KeyId, Now));
        Assert.Equal(1, _servers.Count(Origin));
        _clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(await Grain.Find(s_key.KeyId, Now));
        _clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(await Grain.Find(s_key.KeyId, Now));
        Assert.Equal(2, _servers.Count(Origin));

        _clock.Advance(TimeSpan.FromMinutes(1));
        Publish([s_key]);
        Assert.NotNull(await Grain.Find(s_key.KeyId, Now));
        for (var i = 0; i < 10; i++)
            Assert.Null(await Grain.Find("ed25519:unknown", Now));
        Assert.InRange(_servers.Count(Origin), 3, 4);
    }

    [Fact]
    public async Task A_notary_is_asked_where_the_server_cannot_be_reached()
    {
        var asked = new List<JsonElement>();
        NotaryAnswers(s_notaryKey, asked, Keys.Build(ServerName.Parse(Origin), [s_key], [], Now + Hours(24)));
        Assert.NotNull(await Grain.Find(s_key.KeyId, Now));
        Assert.Equal(Now, Assert.Single(asked).GetProperty("server_keys").GetProperty(Origin).GetProperty(s_key.KeyId).GetProperty("minimum_valid_until_ts")
            .GetInt64());
        Assert.False((await Grain.Published(null, Now)).IsEmpty);
    }

    [Fact]
    public async Task A_notary_is_asked_for_a_key_that_the_server_does_not_publish_any_more_and_changes_no_other()
    {
        Publish([s_later]);
        Assert.NotNull(await Grain.Find(s_later.KeyId, Now));
        var until = (await Grain.Find(s_later.KeyId, Now))!.ValidUntil;
        _clock.Advance(TimeSpan.FromMinutes(2));
        Publish([s_later]);
        NotaryAnswers(s_notaryKey, [], Keys.Build(ServerName.Parse(Origin), [s_key, s_later], [], Now + 1000));
        Assert.Equal(Now + 1000, (await Grain.Find(s_key.KeyId, Now))!.ValidUntil);
        Assert.True((await Grain.Find(s_later.KeyId, Now))!.ValidUntil >= until);
    }

    [Fact]
    public async Task A_notary_that_lies_or_is_somebody_else_is_not_believed()
    {
        var honest = Keys.Build(ServerName.Parse(Origin), [s_key], [], Now + Hours(24));
        NotaryAnswers(s_later, [], honest);
        Assert.Null(await Grain.Find(s_key.KeyId, Now));
        _clock.Advance(TimeSpan.FromHours(1));
        NotaryAnswers(s_notaryKey, [], Keys.Build(ServerName.Parse("9.9.9.9"), [s_key], [], Now + Hours(24)));
        Assert.Null(await Grain.Find(s_key.KeyId, Now));
    }

    [Fact]
    public async Task Questions_that_meet_at_a_notary_go_out_together()
    {
        var asked = new ConcurrentBag<JsonElement>();
        var names = Enumerable.Range(1, 30).Select(i => $"2.0.0.{i}:1").ToList();
        _servers.On(Notary, "/_matrix/key/v2/query", body =>
        {
            asked.Add(JsonDocument.Parse(body).RootElement);
            var wanted = asked.First().GetProperty("server_keys").EnumerateObject()
                .Select(s => (ReadOnlyMemory<byte>)Keys.Build(ServerName.Parse(s.Name), [s_key], [], Now + Hours(24)));
            return Keys.BuildNotaryResponse(wanted, ServerName.Parse(Notary), s_notaryKey);
        });
        var notary = _cluster.Client.GetGrain<INotaryGrain>(Notary);
        var gate = new TaskCompletionSource();
        _servers.Gate = gate.Task;
        var answers = names.Select(n => notary.Query(n, null, Now)).ToList();
        await _servers.Asked(1);
        gate.SetResult();
        var all = await Task.WhenAll(answers);
        Assert.True(asked.Count <= 2, $"{asked.Count} requests");
        Assert.All(all, json => Assert.False(json.IsEmpty));
    }

    [Fact]
    public async Task As_a_notary_it_tells_expired_keys_where_nothing_newer_is_found_and_forgets_none_that_the_server_forgot()
    {
        Publish([s_key], validHours: -24);
        var expired = Now - Hours(24);
        Assert.Equal([s_key.KeyId], KeysOf(await Grain.Published(s_key.KeyId, 0)));
        Assert.Equal([s_key.KeyId], KeysOf(await Grain.Published(s_key.KeyId, Now)));
        Assert.Equal(2, _servers.Count(Origin));
        _servers.Off(Origin);
        Assert.Equal([s_key.KeyId], KeysOf(await Grain.Published(s_key.KeyId, Now)));

        Publish([s_later]);
        Assert.Equal([s_key.KeyId], KeysOf(await Grain.Published(s_key.KeyId, Now)));
        var asked = _servers.Count(Origin);
        Assert.Equal([s_later.KeyId], KeysOf(await Grain.Published(s_later.KeyId, Now)));
        Assert.Equal([s_later.KeyId], KeysOf(await Grain.Published(null, Now)));
        Assert.Equal([s_key.KeyId], KeysOf(await Grain.Published(s_key.KeyId, expired)));
        Assert.Equal(asked, _servers.Count(Origin));

        await _cluster.DisposeAsync();
        await StartAsync();
        Assert.Equal([s_key.KeyId], KeysOf(await Grain.Published(s_key.KeyId, expired)));
        Assert.Equal(asked, _servers.Count(Origin));
    }

    [Fact]
    public async Task Who_asks_a_notary_again_and_again_has_the_server_asked_a_few_times_only()
    {
        Publish([s_key], validHours: -24);
        for (var i = 0; i < 50; i++)
            await Grain.Published("ed25519:unknown", Now);
        Assert.InRange(_servers.Count(Origin), 2, 7);
    }

    private static IEnumerable<string> KeysOf(ReadOnlyMemory<byte> json) =>
        JsonDocument.Parse(json).RootElement.GetProperty("verify_keys").EnumerateObject().Select(k => k.Name);

    private static SigningKey NewKey(string version, byte seed) => SigningKey.FromSeed(version, Enumerable.Repeat(seed, 32).ToArray());

    private static long Hours(int hours) => hours * 60L * 60 * 1000;

    private async Task StartAsync()
    {
        _cluster = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage, _servers, new FederationSettings { TrustedKeyServers = [Notary] });
    }

    private void Publish(SigningKey[] keys, int validHours = 24, ServerVerifyKey[]? old = null)
    {
        var json = Keys.Build(ServerName.Parse(Origin), keys, old ?? [], Now + Hours(validHours));
        _servers.On(Origin, "/_matrix/key/v2/server", _ => json);
    }

    private void NotaryAnswers(SigningKey key, List<JsonElement> asked, params byte[][] lists) => _servers.On(Notary, "/_matrix/key/v2/query", body =>
    {
        asked.Add(JsonDocument.Parse(body).RootElement);
        return Keys.BuildNotaryResponse(lists.Select(l => (ReadOnlyMemory<byte>)l), ServerName.Parse(Notary), key);
    });
}
