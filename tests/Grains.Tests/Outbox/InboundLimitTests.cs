using Microsoft.Extensions.Logging.Abstractions;
using Orleans.TestingHost;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Tests.Room;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Outbox;

/// <summary>How many transactions of one server are under way here at once.</summary>
public sealed class InboundLimitTests : IAsyncLifetime
{
    private const int Most = 10;
    private const string Other = "1.0.0.1:1";
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private readonly FakeServers _servers = new();
    private InterceptedStorage _storage = null!;
    private InProcessTestCluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        _storage = new InterceptedStorage(SqliteStorage.Open(_folder.File("matrix.db"), _clock, NullLoggerFactory.Instance));
        await _storage.MigrateAsync(TestContext.Current.CancellationToken);
        _cluster = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage, _servers);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Dispose();
        _servers.Dispose();
    }

    [Fact]
    public async Task The_eleventh_is_told_to_come_later_and_a_repeated_one_waits_for_the_answer_to_the_first()
    {
        var release = new TaskCompletionSource();
        var committing = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _storage.OnCommit = async (unit, commit) =>
        {
            if (Interlocked.Increment(ref committing) == Most)
                all.SetResult();
            await release.Task;
            return await commit(unit);
        };
        var server = _cluster.Client.GetGrain<IRemoteServerGrain>(Other);
        var running = Enumerable.Range(0, Most).Select(i => SendAsync(server, i)).ToList();
        await all.Task;
        var refused = await SendAsync(server, Most);
        Assert.Equal((429, "M_LIMIT_EXCEEDED"), (refused.Error!.Status, refused.Error.ErrCode));
        var repeated = SendAsync(server, 0);
        Assert.DoesNotContain(running.Append(repeated), task => task.IsCompleted);

        release.SetResult();
        Assert.All(await Task.WhenAll([.. running, repeated]), answer => Assert.True(answer.Ok));
        Assert.True((await SendAsync(server, Most)).Ok);
    }

    private static Task<Outcome<ReadOnlyMemory<byte>>> SendAsync(IRemoteServerGrain server, int number) => server.Receive(
        $"t{number}",
        Utf8($$$"""{"pdus":[],"edus":[{"edu_type":"m.direct_to_device","content":{"sender":"@zoe{{{number}}}:{{{Other}}}","type":"m.x","message_id":"{{{number}}}","messages":{} } }]}"""));
}
