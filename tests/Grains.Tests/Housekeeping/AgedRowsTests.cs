using OrleansMatrix.Grains.Housekeeping;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.Housekeeping;

public sealed class AgedRowsTests
{
    [Fact]
    public async Task Deletes_what_has_aged_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        var clock = new TestClock();
        await using var storage = await TestStorage.OpenAsync(folder, clock);
        var rows = new AgedRows(storage, clock);
        var unit = new WriteUnit();
        storage.Events.AddTransaction(unit, "@a:one.test", "D", "scope", "t", "$a", Now());
        storage.Servers.PutInboundTransaction(unit, "two.test", "t", "{}"u8.ToArray(), Now());
        storage.Accounts.PutToken(unit, new TokenRow(new byte[32], TokenKind.Access, "@a:one.test", "D", Now(), null));
        await storage.CommitAsync(unit);

        Assert.Equal((true, true, true), await LeftAfterAsync(TimeSpan.FromHours(24)));
        Assert.Equal((false, true, true), await LeftAfterAsync(TimeSpan.FromHours(1)));
        Assert.Equal((false, false, true), await LeftAfterAsync(TimeSpan.FromDays(7)));
        Assert.Equal((false, false, false), await LeftAfterAsync(TimeSpan.FromDays(30)));

        long Now() => clock.GetUtcNow().ToUnixTimeMilliseconds();

        async Task<(bool Transaction, bool Inbound, bool Token)> LeftAfterAsync(TimeSpan time)
        {
            clock.Advance(time);
            await rows.DeleteAsync();
            return (
                await storage.Events.FindTransactionAsync("@a:one.test", "D", "scope", "t") is not null,
                await storage.Servers.FindInboundTransactionAsync("two.test", "t") is not null,
                await storage.Accounts.FindTokenAsync(new byte[32]) is not null);
        }
    }
}
