using System.Collections.Concurrent;
using Orleans.TestingHost;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Outbox;

/// <summary>The silo that sends to a server dies: another one sends what is left, and nothing is lost.</summary>
public sealed class KilledSiloTests : IAsyncLifetime
{
    private const string Other = "1.0.0.1:1";
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private readonly FakeServers _servers = new();
    private readonly ConcurrentQueue<int> _came = new();
    private IStorage _storage = null!;
    private InProcessTestCluster _cluster = null!;

    private IRemoteServerGrain Grain => _cluster.Client.GetGrain<IRemoteServerGrain>(Other);

    public async ValueTask InitializeAsync()
    {
        _storage = await TestStorage.OpenAsync(_folder, _clock);
        _cluster = await GrainCluster.StartAsync(2, _folder.Path, _clock, _storage, _servers);
        _servers.TakeEdus(Other, content => _came.Enqueue(content.GetProperty("n").GetInt32()));
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Dispose();
        _servers.Dispose();
    }

    [Theory]
    [InlineData("before it sends")]
    [InlineData("before the server has it")]
    [InlineData("before the answer is here")]
    public async Task Nothing_is_lost_and_the_order_stays(string when)
    {
        await EnqueueAsync(1, 2, 3);
        var gate = new TaskCompletionSource();
        if (when == "before the server has it")
            _servers.Gate = gate.Task;
        if (when == "before the answer is here")
            _servers.AnswerGate = gate.Task;
        await Grain.Wake();
        await UntilAsync(() => _cluster.SiloOf(Grain) is not null);
        if (when != "before it sends")
            await UntilAsync(() => _servers.Count(Other) == 1 && (when != "before the answer is here" || _came.Count == 3));
        await _cluster.KillSiloAsync(_cluster.SiloOf(Grain)!);
        gate.TrySetResult();
        (_servers.Gate, _servers.AnswerGate) = (Task.CompletedTask, Task.CompletedTask);
        await EnqueueAsync(4);
        await Grain.Wake();
        await UntilAsync(() => _storage.Outbox.DestinationsWithQueueAsync().AsTask().Result.Count == 0);
        Assert.Equal([1, 2, 3, 4], _came.Distinct());
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 1000 && !condition(); i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Delay(5);
        }

        Assert.True(condition());
    }

    private async Task EnqueueAsync(params int[] numbers)
    {
        var unit = new WriteUnit();
        foreach (var number in numbers)
        {
            _storage.Outbox.Enqueue(
                unit, [Other], new OutboxItem(OutboxKind.ToDevice, "", Body: Utf8($$"""{"edu_type":"m.direct_to_device","content":{"n":{{number}} } }""")),
                unit.NextPosition(ChangeKind.ToDevice, Other));
        }

        await _storage.CommitAsync(unit);
    }
}
