using OrleansMatrix.Grains.Tests.Reading;

namespace OrleansMatrix.Grains.Tests;

public sealed class OwnershipTests
{
    private const string Owner = "user:@a:x";

    [Fact]
    public async Task Calls_that_interleave_take_the_epoch_once()
    {
        await using var server = await ReadServer.StartAsync();
        await new Ownership(server.Storage, Owner).WriteAsync(unit => Write(server, unit, "before"));
        var before = (await server.Storage.OpenFenceAsync(Owner)).Epoch;
        var ownership = new Ownership(server.Storage, Owner);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => ownership.WriteAsync(unit => Write(server, unit, $"t{i}"))));
        Assert.Equal(before + 1, (await server.Storage.OpenFenceAsync(Owner)).Epoch);
        Assert.Equal(21, (await server.Storage.AccountData.ChangedAsync("@a:x", 0, long.MaxValue)).Count);
    }

    private static void Write(ReadServer server, Storage.WriteUnit unit, string type) => server.Storage.AccountData.Put(
        unit, new Storage.AccountDataRow("@a:x", "", type, "{}"u8.ToArray(), 0), unit.NextPosition(Storage.ChangeKind.AccountData, "@a:x"));
}
