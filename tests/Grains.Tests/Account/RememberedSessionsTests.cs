using System.Collections.Concurrent;
using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Account;

/// <summary>Whatever changes sessions is known to every silo when the call that changed them returns (ADR 0080).</summary>
public sealed class RememberedSessionsTests
{
    [Fact]
    public async Task All_silos_forget_sessions_before_the_call_that_changed_them_returns()
    {
        using var folder = new TemporaryFolder();
        var clock = new TestClock();
        await using var storage = await TestStorage.OpenAsync(folder, clock);
        var caches = new ConcurrentBag<Cache>();
        await using var cluster = await GrainCluster.StartAsync(2, folder.Path, clock, storage, sessions: () =>
        {
            var cache = new Cache();
            caches.Add(cache);
            return cache;
        });
        await cluster.WaitForLivenessToStabilizeAsync();
        Assert.Equal(2, caches.Count);
        var account = cluster.Client.GetGrain<IAccountGrain>(Alice);
        Assert.Empty(await ForgottenAfterAsync(() => account.Register(new NewAccount("secret", false, false, null, null, NewSession("PHONE")))));
        Assert.Empty(await ForgottenAfterAsync(() => account.SetProfileField("m.tz", Utf8("\"Europe/Rome\""))));
        Assert.Empty(await ForgottenAfterAsync(() => account.LogInWithPassword("secret", NewSession("LAPTOP"))));

        // Who logs in on a device takes the tokens that it had.
        Assert.Equal([Alice, Alice], await ForgottenAfterAsync(() => account.LogInWithPassword("secret", NewSession("LAPTOP"))));
        Assert.Equal([Alice, Alice], await ForgottenAfterAsync(() => account.DeleteDevices(["LAPTOP"])));
        Assert.Equal([Alice, Alice], await ForgottenAfterAsync(() => account.SetSuspended(true)));
        Assert.Equal([Alice, Alice], await ForgottenAfterAsync(() => account.SetLocked(true)));
        Assert.Equal([Alice, Alice], await ForgottenAfterAsync(() => account.SetAdmin(true)));
        Assert.Equal([Alice, Alice], await ForgottenAfterAsync(() => account.ChangePassword("better", logOutDevices: true, keepDevice: null)));
        Assert.Equal([Alice, Alice], await ForgottenAfterAsync(() => account.Deactivate(erase: false)));

        // It may have died before it told of what it had committed.
        await cluster.KillSiloAsync(cluster.SiloOf(account)!);
        Assert.Contains(Alice, await ForgottenAfterAsync(account.GetStatus));

        async Task<ImmutableArray<string>> ForgottenAfterAsync(Func<Task> change)
        {
            foreach (var cache in caches)
                cache.Forgotten.Clear();
            await change();
            return [.. caches.SelectMany(static cache => cache.Forgotten.Distinct())];
        }
    }

    private static NewSession NewSession(string device) => new(device, null, RefreshToken: false, "127.0.0.1", "test");

    private sealed class Cache : ISessionCache
    {
        public ConcurrentQueue<string> Forgotten { get; } = new();

        public void Forget(string userId) => Forgotten.Enqueue(userId);
    }
}
