using OrleansMatrix.Grains.Abstractions.Housekeeping;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.Housekeeping;

public sealed class HousekeepingGrainTests
{
    [Fact]
    public async Task Reminders_wake_one_grain_of_all_silos_also_when_its_silo_has_died()
    {
        using var folder = new TemporaryFolder();
        var clock = new TestClock();
        await using var storage = await TestStorage.OpenAsync(folder, clock);
        await using var cluster = await GrainCluster.StartAsync(2, folder.Path, clock, storage, wakes: true);
        var grain = cluster.Client.GetGrain<IHousekeepingGrain>(IHousekeepingGrain.Key);

        // As each silo does when it starts: the reminders are not begun again.
        await grain.SiloChanged("127.0.0.1:1@1", isDead: false);
        var reminders = await storage.Reminders.AllAsync();
        Assert.Equal(
            [("aged-rows", 3_600_000L), ("inboxes", 86_400_000L)], reminders.Select(reminder => (reminder.Name, reminder.PeriodMs)).Order());
        Assert.All(reminders, reminder => Assert.Equal(grain.GetGrainId().ToString(), reminder.GrainId));

        await DeletesAsync();
        var first = cluster.SiloOf(grain)!;
        await cluster.KillSiloAsync(first);
        await DeletesAsync();
        Assert.NotEqual(first.SiloAddress, cluster.SiloOf(grain)!.SiloAddress);
        Assert.Equal(reminders.Select(reminder => reminder.StartAt), (await storage.Reminders.AllAsync()).Select(reminder => reminder.StartAt));

        async Task DeletesAsync()
        {
            var unit = new WriteUnit();
            storage.Events.AddTransaction(unit, "@a:local", "D", "scope", "t", "$a", clock.GetUtcNow().ToUnixTimeMilliseconds());
            await storage.CommitAsync(unit);
            clock.Advance(TimeSpan.FromHours(25));
            foreach (var reminder in reminders)
                await grain.AsReference<IRemindable>().ReceiveReminder(reminder.Name, default);
            Assert.Null(await storage.Events.FindTransactionAsync("@a:local", "D", "scope", "t"));
        }
    }
}
