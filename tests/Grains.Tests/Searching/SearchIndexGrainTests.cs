using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Tests.Reading;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.Searching;

/// <summary>What was there before the index is brought into it without anybody's asking, wherever the silos that do it die.</summary>
public sealed class SearchIndexGrainTests
{
    [Fact]
    public async Task Rooms_of_before_are_brought_in_by_one_silo_and_by_another_after_its_death()
    {
        using var folder = new TemporaryFolder();
        await using var server = await ReadServer.StartAsync();
        for (var i = 0; i < 120; i++)
            await (await TestRoom.CreateAsync(server, "@a:x", $"!room{i}:x")).SendAsync("@a:x", "before");
        await using var cluster = await GrainCluster.StartAsync(2, folder.Path, server.Clock, server.Storage, wakes: true);
        var grain = cluster.Client.GetGrain<ISearchIndexGrain>(ISearchIndexGrain.Key);

        await UntilAsync(async () => (await server.Storage.Search.IncompleteAfterAsync("", 200)).Count < 100);
        await cluster.KillSiloAsync(cluster.SiloOf(grain)!);
        await UntilAsync(async () => (await server.Storage.Search.IncompleteAfterAsync("", 1)).Count == 0);

        // It looks again after a while, and at once at the call of a search.
        var later = await TestRoom.CreateAsync(server, "@a:x", "!later:x");
        await later.SendAsync("@a:x", "after");
        await UntilAsync(async () => (await server.Storage.Search.IncompleteAfterAsync("", 1)).Count == 0);
        await later.SendAsync("@a:x", "at once");
        await grain.CatchUp([later.Id, "!unknown:x"]);
        Assert.Empty(await server.Storage.Search.IncompleteAfterAsync("", 1));

        async Task UntilAsync(Func<Task<bool>> isSo)
        {
            for (var i = 0; i < 6000 && !await isSo(); i++)
            {
                server.Clock.Advance(TimeSpan.FromMilliseconds(500));
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }

            Assert.True(await isSo());
        }
    }
}
